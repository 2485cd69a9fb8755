"""Copies a finished search into the repository: `python -m slategym.bench.tuning.record runs/tune-lin-ts`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from slategym.bench.tuning.recorded import FOLDER, file_of
from slategym.utils.specification import split_options
from slategym.utils.storage.files import make_folder, write_json


def record(folder: Path, to: Path | None = None) -> Path:
    """Copy the search of a folder.

    Args:
        folder: folder with `tuning.json`.
        to: folder of the recorded searches; by default that of the package.

    Returns:
        The new file.

    Raises:
        ValueError: the search did not finish, has no best settings, or its agent has options or a scalarizer.
        OSError: the file cannot be read or written.
    """
    path = folder / "tuning.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    name, options = split_options(content["config"]["agent"])
    if content["status"] != "finished" or not content["best"]:
        raise ValueError(f"{path} is {content['status']}: expected a finished search")
    if options or "scalarizer" in content["config"]:
        raise ValueError(f"{path} is a search of {content['config']['agent']!r}: expected an agent without options or scalarizer")
    target = to or Path(__file__).parent / FOLDER
    make_folder(target)
    write_json(target / file_of(name), content)
    return target / file_of(name)


def main(arguments: Sequence[str]) -> None:
    """Copy the searches of the given folders."""
    for folder in arguments:
        print(record(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
