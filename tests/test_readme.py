"""Every code block of the README runs as it stands."""

import shlex
import shutil
import subprocess
import sys

import pytest
from tests.readme import BLOCKS, COMMANDS, PYTHON, ROOT, SLATEGYM, run_command, run_python


def test_there_is_something_to_run():
    assert len(PYTHON) >= 2
    assert len(COMMANDS) >= 6
    assert {language for language, _ in BLOCKS} == {"python", "bash"}


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.split("\n", 1)[0])
def test_python_runs(block, tmp_path):
    run_python(block, sys.executable, tmp_path)


@pytest.mark.parametrize("line", SLATEGYM)
def test_commands_run(line, tmp_path):
    run_command(line, sys.executable, tmp_path)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make")])
def test_make_knows_the_targets(line):
    """`make benchmark` itself runs in the slow suite, and `make test` is what runs this."""
    done = subprocess.run(["make", "--dry-run", *shlex.split(line, comments=True)[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_command_is_covered():
    assert all(line.startswith(("slategym ", "make ")) for line in COMMANDS)
