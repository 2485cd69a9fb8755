"""The heavy extras, whose tests run in `make test-extras` alone: `python tests/extras.py` names them, with commas between."""

from __future__ import annotations

import tomllib
from pathlib import Path

LIGHT = ("dev", "docs", "frames", "mo", "peers", "tune")  # the Makefile's EXTRAS: `make test` installs them


def heavy_extras(project: Path = Path(__file__).parents[1]) -> list[str]:
    """Every extra of pyproject.toml that is not light. A test that needs one carries a mark of its name, with `_` for `-`."""
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return sorted(set(settings["project"]["optional-dependencies"]) - set(LIGHT))


if __name__ == "__main__":
    print(",".join(heavy_extras()))
