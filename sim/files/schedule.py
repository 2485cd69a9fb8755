"""Reading the schedule of a world's changes from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slategym.sim.schedule import Change, ItemChange, Launch, Retire

EXPECTED = (
    'expected a list such as [{"step": 50, "launch": "500-549"}, {"step": 80, "retire": [3, 7]}, {"step": 120, "appeal": [...]}]'
)
VALUES = ("appeal", "quality", "taste")


def read_schedule(path: str | Path) -> tuple[Change, ...]:
    """Read changes from a JSON file: a list of objects, each with a `step` and with what changes.

    - `launch` or `retire`: items, as a list of numbers or as a text, "500-549" or "3, 7, 20-29";
    - `appeal`, `quality`, `taste`, or several of them: the new values of all items, as lists.

    Args:
        path: the path of the file.

    Raises:
        ValueError: the file cannot be read, or an entry is no change; the message names the entry.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the schedule {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"the schedule {path} is not JSON ({error}): {EXPECTED}") from error
    if not isinstance(content, list) or not all(isinstance(entry, Mapping) for entry in content):
        raise ValueError(f"the schedule {path} is not a list of objects: {EXPECTED}")
    changes = []
    for number, entry in enumerate(content, 1):
        try:
            changes.append(_change(entry))
        except (ValueError, TypeError) as error:
            raise ValueError(f"change {number} of the schedule {path}: {error}") from error
    return tuple(changes)


def _change(entry: Mapping[str, Any]) -> Change:
    match sorted(entry):
        case ["launch", "step"]:
            return Launch(entry["step"], _items(entry["launch"]))
        case ["retire", "step"]:
            return Retire(entry["step"], _items(entry["retire"]))
        case [*names] if "step" in names and len(names) > 1 and set(names) <= {"step", *VALUES}:
            return ItemChange(**entry)
        case names:
            raise ValueError(f"it has {', '.join(names) or 'nothing'}: {EXPECTED}")


def _items(given: Any) -> list[int]:
    """The items of a list, or of a text of numbers and ranges, which include their ends."""
    if not isinstance(given, str):
        return list(given)
    items: list[int] = []
    for part in given.split(","):
        first, _, last = part.partition("-")
        try:
            items += range(int(first), int(last or first) + 1)
        except ValueError:
            raise ValueError(f"its items are {given!r}: expected numbers and ranges, such as 3, 7, 20-29") from None
    return items
