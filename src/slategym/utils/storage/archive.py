"""Archives: graphs of objects in one file, which has a checksum and is read without running code."""

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
DIGEST = 64  # length of the SHA-256 of all bytes before it, at the end of the file; a comment for zip


def write_archive(path: Path, content: Any, known: Mapping[str, Any] | None = None) -> None:
    """Write a value atomically: a zip file of `.npy` arrays and a `graph.json` of the rest.

    Args:
        path: path of the file.
        content: a value of the types that `Flattener` supports.
        known: objects that are stored by name only.

    Raises:
        UnsupportedError: the content contains an object of another type.
        WriteError: the file cannot be written.
    """
    write_bytes(path, to_bytes(content, known))


def to_bytes(content: Any, known: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of an archive; equal content gives equal bytes.

    Raises:
        UnsupportedError: the content contains an object of an unsupported type.
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
    """Read a value that `write_archive` wrote; no code in the file is run.

    Args:
        path: path of the file.
        known: the objects that were stored by name.

    Raises:
        ValueError: the file is not an archive, is damaged, or was written by another version.
        OSError: the file cannot be read.
    """
    return from_bytes(path.read_bytes(), str(path), known)


def from_bytes(content: bytes, name: str, known: Mapping[str, Any] | None = None) -> Any:
    """Read the value in an archive's bytes.

    Args:
        content: the bytes.
        name: name of the file, for messages.
        known: the objects that were stored by name.

    Raises:
        ValueError: the bytes are not an archive, are damaged, or were written by another version.
    """
    body, digest = content[:-DIGEST], content[-DIGEST:]
    if not content.startswith(b"PK"):
        raise ValueError(f"{name} is not an archive of slategym: expected a file that slategym wrote")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError(f"{name} is damaged: its checksum is wrong. Use another copy of the file")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            graph = json.loads(archive.read("graph.json"))
            if graph["format"] != FORMAT:
                raise ValueError(f"the format is {graph['format']}, but this version of slategym reads format {FORMAT}")
            count = len(archive.namelist()) - 1
            arrays = [np.lib.format.read_array(BytesIO(archive.read(f"{n}.npy")), allow_pickle=False) for n in range(count)]
        return Rebuilder(graph["nodes"], arrays, known).value(graph["content"])
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} cannot be read: {error}") from error
