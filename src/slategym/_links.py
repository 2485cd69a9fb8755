"""Raises an error if the repository was copied without its symbolic links, as Git does on Windows by default."""

from __future__ import annotations

from pathlib import Path

for _room in ("sim", "envs", "agents", "bench", "scripts"):
    _path = Path(__file__).with_name(_room)
    if not _path.is_dir():  # Git without symbolic links checks out a link as a file that contains its target
        raise ImportError(
            f"{_path} should be a symbolic link to the folder {_room}, but this copy of slategym was made without links: "
            "allow them (on Windows, turn on Developer Mode in the settings), "
            "then run `git config core.symlinks true` and `git checkout -- src` here, or clone again"
        )
