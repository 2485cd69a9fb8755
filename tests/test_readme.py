"""Every code block of the README runs as it stands."""

import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from tests.readme import BLOCKS, COMMANDS, PYTHON, ROOT, SLATEGYM, run_command, run_python

from slategym.agents.known import AGENTS
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import run
from slategym.logs.reading import read_log
from slategym.sim.worlds import make_world

SHOWN = {"random", "epsilon-greedy", "lin-ucb", "lin-ts", "lin-epsilon-greedy", "policy-gradient"}


def test_there_is_something_to_run():
    assert len(PYTHON) >= 2
    assert len(COMMANDS) >= 6
    assert {language for language, _ in BLOCKS} == {"python", "bash"}


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.split("\n", 1)[0])
def test_python_runs(block, tmp_path):
    run_python(block, sys.executable, tmp_path)


# Each benchmark takes its 20,000 slates for each agent and seed; `make benchmark` is one, and runs in the slow tests too.
LATER = [line for line in SLATEGYM if line.startswith("slategym benchmark")]


@pytest.mark.parametrize("line", [pytest.param(line, marks=pytest.mark.slow) if line in LATER else line for line in SLATEGYM])
def test_commands_run(line, tmp_path):
    run_command(line, sys.executable, tmp_path)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make")])
def test_make_knows_the_targets(line):
    """`make benchmark` itself runs in the slow suite, and `make test` is what runs this."""
    done = subprocess.run(["make", "--dry-run", *shlex.split(line, comments=True)[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_agents_log_the_propensities_that_their_table_says(tmp_path):
    """Known ones are probabilities, certain ones are 1, unknown ones are NaN."""
    table = (ROOT / "docs/agents/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[([\w-]+)\]\(.*\| ([^|]+) \|$", table, re.MULTILINE)
    said = {name: cell.split(",")[0] for name, cell in rows if name in AGENTS and name in SHOWN}
    assert said.keys() == SHOWN
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3)
    for name, kind in said.items():
        with LogWriter(tmp_path / name, world, {}) as log:
            run(world, name, 100, shoppers=20, log=log, exact="off")
        propensity = read_log(tmp_path / name)["propensity"]
        assert np.isnan(propensity).all() if kind == "unknown" else ((propensity > 0) & (propensity <= 1)).all(), name
        assert (propensity == 1).all() == (kind == "1"), name


def test_every_command_is_covered():
    assert all(line.startswith(("slategym ", "make ")) for line in COMMANDS)
