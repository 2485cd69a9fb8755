"""`slategym profile`, end to end: what it writes and says, and that it runs from its configuration."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from slategym.scripts.main import app

SCRIPTS = Path(__file__).parents[2] / "scripts"
SMALL = ["--reference", "random", "--task", "episode-value", "--seeds", "2", "--processes", "1"]
OWN = """
import numpy as np
from slategym import Agent, Decision

class Mine(Agent):
    name = "mine"

    def __init__(self, problem, seed=0, scalarizer=None, item: int = 0):
        super().__init__(problem, seed, scalarizer)
        self.item = item

    def choose(self, observation, allowed=None):
        shape = (len(observation), self.problem.slate_size)
        return Decision(np.full(shape, self.item), np.ones(shape, np.float32))
"""


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


def test_profile_of_a_custom_agent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_agent.py").write_text(OWN)
    said = slategym("profile", "my_agent.py:Mine:item=2", *SMALL, "--out", "out").stdout
    result = json.loads((tmp_path / "out/profile.json").read_text())
    found = result["agents"]["my_agent.py:Mine:item=2"]
    assert found["tasks"]["episode-value"]["levels"][2]["score"]["mean"] > 0.9  # the honest item that is clicked most
    line = next(line for line in said.splitlines() if line.startswith("episode-value"))
    assert f"{found['tasks']['episode-value']['score']['mean']:.2f}" in line
    assert max(len(line) for line in said.splitlines()) <= 80
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["config.toml", "profile.html", "profile.json", "runs"]
    assert result["command"] == ("slategym profile my_agent.py:Mine:item=2 --reference random --task episode-value --seeds 2")
    # From its configuration, with another option: another agent, and the page again from its numbers.
    slategym("profile", "--config", "out/config.toml", "--set", "agent.item=0", "--out", "bait", "--processes", "1")
    bait = json.loads((tmp_path / "bait/profile.json").read_text())
    harmful = bait["agents"]["my_agent.py:Mine:item=0"]["tasks"]["episode-value"]["levels"][2]["score"]["mean"]
    assert harmful < 0  # what is clicked most drives shoppers away
    assert bait["agents"]["random"] == result["agents"]["random"]
    page = (tmp_path / "out/profile.html").read_text(encoding="utf-8")
    (tmp_path / "out/profile.html").unlink()
    slategym("report", "out")
    assert (tmp_path / "out/profile.html").read_text(encoding="utf-8") == page
    refused = slategym("profile", "my_agent.py:Mine:item=1", *SMALL, "--out", "out", code=2).stderr
    assert "holds a finished run with other agent (profile.json)" in refused


def test_the_script_hides_no_module_of_python(tmp_path):
    """A script's own folder comes first on the path, so scripts/profile.py would take the place of Python's profiler."""
    code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import profile, cProfile; print(profile.__file__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert not done.stdout.startswith(str(SCRIPTS))
    words = [sys.executable, SCRIPTS / "agent_profile.py", "--help"]
    assert "Profile an agent on eight small tasks" in subprocess.run(words, capture_output=True, text=True, check=True).stdout
