"""A fingerprint of everything that a thing holds, to see whether a refused input has changed it."""

import hashlib
import random
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

FROZEN = ("Problem", "World", "Catalog", "Layout")  # and large


def digest(*things: Any) -> str:
    """The same for things that hold the same numbers."""
    total = hashlib.sha256()
    seen: dict[int, tuple[int, Any]] = {}
    for thing in things:
        for part in _parts(thing, seen):
            total.update(part)
            total.update(b"|")
    return total.hexdigest()


def _parts(thing: Any, seen: dict[int, tuple[int, Any]]) -> Iterator[bytes]:
    if thing is None or isinstance(thing, bool | int | float | complex | str | bytes | np.generic):
        yield repr(thing.item() if isinstance(thing, np.generic) else thing).encode()
        return
    if id(thing) in seen:
        yield b"seen %d" % seen[id(thing)][0]
        return
    seen[id(thing)] = len(seen), thing  # held, so that no other thing gets its number
    if isinstance(thing, np.ndarray):
        native = thing.astype(np.int64 if thing.dtype.kind in "iu" else thing.dtype.newbyteorder("="), copy=False)
        yield f"{native.dtype.kind}{native.shape}".encode()
        yield repr(native.tolist()).encode() if native.dtype == object else np.ascontiguousarray(native).tobytes()
    elif isinstance(thing, type) or type(thing).__name__ in FROZEN:
        yield str(getattr(thing, "__name__", type(thing).__name__)).encode()
    elif isinstance(thing, np.random.Generator):
        yield from _parts(thing.bit_generator.state, seen)
    elif isinstance(thing, random.Random):
        yield repr(thing.getstate()).encode()
    elif type(thing).__module__.startswith("torch") and hasattr(thing, "detach"):
        yield thing.detach().numpy().tobytes()
    elif isinstance(thing, Mapping):
        for name, value in thing.items():
            yield str(name).encode()
            yield from _parts(value, seen)
    elif isinstance(thing, list | tuple | deque):
        for value in thing:
            yield from _parts(value, seen)
    elif hasattr(thing, "state_dict") and hasattr(thing, "parameters"):
        yield from _parts(dict(thing.state_dict()), seen)
    elif type(thing).__module__.startswith(("slategym", "tests")) and hasattr(thing, "__dict__"):
        for name, value in sorted(vars(thing).items()):
            yield name.encode()
            yield from _parts(value, seen)
    else:
        yield type(thing).__name__.encode()
