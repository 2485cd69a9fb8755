"""Every code block of the README runs as it stands."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [line for language, text in BLOCKS if language == "bash" for line in text.splitlines() if line.strip()]


def test_there_is_something_to_run():
    assert len(PYTHON) >= 2
    assert len(COMMANDS) >= 6
    assert {language for language, _ in BLOCKS} == {"python", "bash"}


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.split("\n", 1)[0])
def test_python_runs(block, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", block], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("slategym")])
def test_commands_run(line, tmp_path):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    command = Path(sys.executable).parent / "slategym"
    done = subprocess.run([command, *shlex.split(line, comments=True)[1:]], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make")])
def test_make_knows_the_targets(line):
    """`make benchmark` itself runs in the slow suite, and `make test` is what runs this."""
    done = subprocess.run(["make", "--dry-run", *shlex.split(line, comments=True)[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_command_is_covered():
    assert all(line.startswith(("slategym ", "make ")) for line in COMMANDS)
