"""Builds slategym; all that there is to say about it stands in pyproject.toml."""

import runpy
import sys
from pathlib import Path

from setuptools import setup

try:
    runpy.run_path(str(Path(__file__).parent / "src" / "slategym" / "_links.py"))
except ImportError as error:
    sys.exit(f"slategym: {error}")

setup()
