"""A cache on disk of the vectors of texts, found by encoder and texts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from slategym.sim.text.encoders import TextEncoder, Vectors
from slategym.utils.storage.files import WriteError, make_folder, own_folder, write_bytes
from slategym.utils.storage.fingerprint import fingerprint


def encoded(encoder: TextEncoder, texts: Sequence[str]) -> Vectors:
    """Return the vectors of texts, from the disk if the same encoder has encoded these texts before.

    A file holds the vectors of one list of texts, because the last digits of a vector may depend on the other texts of a list. If
    the file is damaged, or cannot be read or written, the texts are encoded again.

    Args:
        encoder: the encoder; its `identity`, if it has one, distinguishes its vectors from those of other encoders.
        texts: m texts.

    Returns:
        (m, d) float32.

    Raises:
        ValueError: the encoder does not return a vector for each text.
    """
    path = _path(encoder, texts)
    if path is not None:
        with suppress(OSError, ValueError, EOFError):
            return _checked(encoder, np.load(path, allow_pickle=False), len(texts))
    vectors = _checked(encoder, encoder.encode(texts), len(texts))
    if path is not None:
        content = io.BytesIO()
        np.save(content, vectors, allow_pickle=False)
        with suppress(WriteError, NotADirectoryError):
            make_folder(path.parent)
            write_bytes(path, content.getvalue())
    return vectors


def _path(encoder: TextEncoder, texts: Sequence[str]) -> Path | None:
    """The path of the file of the vectors; None for an encoder without an identity."""
    identity = getattr(encoder, "identity", None)
    return None if identity is None else own_folder() / "text" / f"{fingerprint([str(identity), list(texts)])}.npy"


def _checked(encoder: TextEncoder, vectors: Vectors, count: int) -> Vectors:
    given = np.asarray(vectors)
    if given.ndim != 2 or len(given) != count or given.shape[1] < 1 or given.dtype.kind != "f" or not np.isfinite(given).all():
        raise ValueError(
            f"{type(encoder).__name__}.encode returns {given.dtype} {given.shape}: expected finite numbers, a vector for each of "
            f"the {count} texts"
        )
    return given.astype(np.float32)
