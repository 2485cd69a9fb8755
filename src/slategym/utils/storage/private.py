"""Files of a user's runs for the same user: archives, or pickles with this user's signature."""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import secrets
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from slategym.utils.storage.archive import read_archive, to_bytes
from slategym.utils.storage.files import own_folder, write_bytes
from slategym.utils.storage.graph import UnsupportedError

KEY_BYTES = 32


class CannotKeepError(TypeError):
    """A value can be stored neither in an archive nor as a pickle."""


def write_private(path: Path, content: Any, known: Mapping[str, Any] | None = None) -> None:
    """Write a value atomically for `read_private`: as an archive, or as a signed pickle if an archive does not support it.

    Args:
        path: path of the file.
        content: any value that can be pickled.
        known: objects that are stored by name only.

    Raises:
        CannotKeepError: the value cannot be pickled, or the key of the signature cannot be stored.
        WriteError: the file cannot be written.
    """
    try:
        kept = to_bytes({"content": content}, known)
    except UnsupportedError:
        pickled = _pickled(content, known or {})
        kept = to_bytes({"pickle": pickled, "signature": _signature(pickled)})
    write_bytes(path, kept)


def read_private(path: Path, known: Mapping[str, Any] | None = None) -> Any:
    """Read a value that `write_private` wrote; a pickle is loaded only if this user wrote it.

    Args:
        path: path of the file.
        known: the objects that were stored by name.

    Raises:
        ValueError: the file is damaged, was written by another version, or contains a pickle of another user.
        OSError: the file cannot be read.
    """
    kept = read_archive(path, known)
    if not isinstance(kept, dict) or not kept.keys() & {"content", "pickle"}:
        raise ValueError(f"{path} does not contain what slategym writes")
    if "content" in kept:
        return kept["content"]
    try:
        signature = _signature(kept["pickle"])
    except CannotKeepError:
        signature = ""
    if not signature or not hmac.compare_digest(signature, str(kept.get("signature"))):
        raise ValueError(f"{path} contains a pickle of another user or machine, which might run any code: it is not loaded")
    try:
        return _Unpickler(BytesIO(kept["pickle"]), known or {}).load()
    except Exception as error:  # the classes in it may have changed in any way
        raise ValueError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


class _Pickler(pickle.Pickler):
    def __init__(self, file: BytesIO, known: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._names = {id(value): name for name, value in known.items()}

    def persistent_id(self, value: Any) -> str | None:
        return self._names.get(id(value))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, known: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._known = known

    def persistent_load(self, name: Any) -> Any:
        return self._known[name]


def _pickled(content: Any, known: Mapping[str, Any]) -> bytes:
    file = BytesIO()
    try:
        _Pickler(file, known).dump(content)
    except Exception as error:  # pickling may raise any exception
        raise CannotKeepError(f"it cannot be pickled: {type(error).__name__}: {error}") from error
    return file.getvalue()


def _signature(content: bytes) -> str:
    return hmac.new(_key(), content, hashlib.sha256).hexdigest()


def _key() -> bytes:
    """This user's key, created at the first call.

    Raises:
        CannotKeepError: the key cannot be stored.
    """
    path = own_folder() / "key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:  # another process created it first
                pass
            else:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except (OSError, RuntimeError) as error:
        raise CannotKeepError(f"the key cannot be stored: {error}") from error
    if len(key) != KEY_BYTES:
        raise CannotKeepError(f"{path} is not a valid key: remove it")
    return key
