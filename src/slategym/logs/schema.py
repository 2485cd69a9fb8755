"""The columns of a log of slates, and the folder with its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slategym.sim.world import World
from slategym.utils.storage.fingerprint import fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

KEY = b"slategym"
FORMAT = 2
INDEX = "log.json"
PARTS = "part-*.parquet"


def part_path(folder: Path, number: int) -> Path:
    """The file of a part; the first part has number 0."""
    return folder / f"part-{number:06d}.parquet"


def behaviour_column(name: str) -> str:
    """The name of a behaviour's column, such as "behaviour:like"."""
    return f"behaviour:{name}"


def describe(world: World, config: Mapping[str, Any], observations: bool) -> dict[str, Any]:
    """The metadata in the index and in every part of a log, in JSON values.

    Args:
        world: the world of the logged slates.
        config: configuration of the run.
        observations: whether observations are logged.

    Returns:
        `config`; `columns`, the type of each column by name; `layout`, the first and last column of each field of the
        observation; `world`, the fingerprint of the world.
    """
    layout = {field.name: [world.layout[field.name].start, world.layout[field.name].stop] for field in world.layout.fields}
    columns = {field.name: str(field.type) for field in _fields(world, observations)}
    about: dict[str, Any] = {"config": dict(config), "columns": columns, "layout": layout, "world": fingerprint(world)}
    about = json.loads(json.dumps(about, sort_keys=True))
    return about


def schema(world: World, about: Mapping[str, Any]) -> pa.Schema:
    """The columns of a log, as an Arrow schema.

    Args:
        world: the world of the logged slates.
        about: the result of `describe`, stored in the metadata of every part.
    """
    import pyarrow as pa

    return pa.schema(_fields(world, "observation" in about["columns"]), metadata={KEY: json.dumps(about, sort_keys=True)})


def _fields(world: World, observations: bool) -> list[pa.Field]:
    import pyarrow as pa

    def fixed(kind: pa.DataType, width: int) -> pa.DataType:
        return pa.list_(pa.field("element", kind, nullable=False), width)

    def delayed(kind: pa.DataType) -> pa.DataType:
        return pa.list_(pa.field("element", kind, nullable=False))

    k = world.slate_size
    columns = {
        "step": pa.int64(),
        "row": pa.int64(),
        "shopper": pa.int64(),
        "visit": pa.int32(),
        **({"observation": fixed(pa.float32(), world.layout.size)} if observations else {}),
        "slate": fixed(pa.int32(), k),
        "propensity": fixed(pa.float32(), k),
        "clicks": fixed(pa.bool_(), k),
        "conversions": fixed(pa.bool_(), k),
        "revenue": fixed(pa.float32(), k),
        "objectives": fixed(pa.float32(), len(world.objective_names)),
        **{behaviour_column(behaviour.name): fixed(pa.float32(), k) for behaviour in world.user_model.behaviours},
        **({"days_away": pa.int32()} if world.user_model.longest_absence else {}),
        "delayed_age": delayed(pa.int32()),
        "delayed_rank": delayed(pa.int32()),
        "delayed_item": delayed(pa.int32()),
        "delayed_revenue": delayed(pa.float32()),
    }
    return [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
