"""Archives: graphs of objects in one file, which is checked as a whole and read without running code."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from slategym.utils.storage.files import write_bytes
from slategym.utils.storage.graph import Flattener, Rebuilder

FORMAT = 1
DIGEST = 64  # the last bytes of a file, a comment to zip: SHA-256 of all before them


def write_archive(path: Path, content: Any, known: Mapping[str, Any] | None = None) -> None:
    """Write a value atomically: a zip file of `.npy` arrays and a `graph.json` of the rest.

    Args:
        path: of the file.
        content: of the types that `Flattener` supports.
        known: objects that are named instead of kept.

    Raises:
        UnsupportedError: the content holds something of another type.
        WriteError: the disk refuses.
    """
    write_bytes(path, to_bytes(content, known))


def to_bytes(content: Any, known: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of an archive; the same content gives the same bytes.

    Raises:
        UnsupportedError: the content holds something that is not supported.
    """
    graph = Flattener(known)
    place = graph.add(content)
    text = json.dumps({"format": FORMAT, "nodes": graph.nodes, "content": place}, separators=(",", ":"))
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("graph.json"), text)
        for number, array in enumerate(graph.arrays):
            with archive.open(zipfile.ZipInfo(f"{number}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
        archive.comment = bytes(DIGEST)
    body = file.getvalue()[:-DIGEST]
    return body + hashlib.sha256(body).hexdigest().encode()


def read_archive(path: Path, known: Mapping[str, Any] | None = None) -> Any:
    """Read what `write_archive` wrote; nothing in the file is run.

    Args:
        path: of the file.
        known: the objects that were named.

    Raises:
        ValueError: it is no archive, it is damaged, or another version wrote it.
        OSError: it cannot be read.
    """
    return from_bytes(path.read_bytes(), str(path), known)


def from_bytes(content: bytes, name: str, known: Mapping[str, Any] | None = None) -> Any:
    """The value of an archive's bytes.

    Args:
        content: the bytes.
        name: what the file is called, for messages.
        known: the objects that were named.

    Raises:
        ValueError: they are no archive, damaged, or of another version.
    """
    body, digest = content[:-DIGEST], content[-DIGEST:]
    if not content.startswith(b"PK"):
        raise ValueError(f"{name} is no archive of slategym: expected a file that slategym wrote")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError(f"{name} is damaged: its checksum does not fit. Use another copy of it")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            graph = json.loads(archive.read("graph.json"))
            if graph["format"] != FORMAT:
                raise ValueError(f"it is of format {graph['format']}, and this version of slategym reads {FORMAT}")
            count = len(archive.namelist()) - 1
            arrays = [np.lib.format.read_array(BytesIO(archive.read(f"{n}.npy")), allow_pickle=False) for n in range(count)]
        return Rebuilder(graph["nodes"], arrays, known).value(graph["content"])
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} cannot be read: {error}") from error
