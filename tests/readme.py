"""The code blocks of the README, and how they are run with a Python of one's choice."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [line for language, text in BLOCKS if language == "bash" for line in text.splitlines() if line.strip()]
SLATEGYM = [line for line in COMMANDS if line.startswith("slategym")]


def run_python(block: str, python: str | Path, folder: Path) -> None:
    """Run a block of Python, with a shorter training."""
    block = block.replace("learn(20_000)", "learn(5_000)")
    _run([python, "-W", "error::DeprecationWarning:__main__", "-c", block], folder)


def run_command(line: str, python: str | Path, folder: Path) -> None:
    """Run a line that begins with slategym, by the command that is installed beside a Python; `docs/` lies in the folder."""
    if not (folder / "docs").exists():
        (folder / "docs").symlink_to(ROOT / "docs")
    _run([Path(python).parent / "slategym", *shlex.split(line, comments=True)[1:]], folder)


def _run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
