"""Jobs in several processes, started by scripts as users write them."""

import subprocess
import sys

import pytest

UNGUARDED = """
from slategym.bench.comparison.compare import compare
from slategym.bench.sweeps.sweep import pareto

for start in (compare, pareto):
    try:
        start("Shop-v0", ("random", "lin-ts"), 100, 1, processes=2)
    except RuntimeError as error:
        print(f"{start.__name__}: {error}")
"""
ANNOUNCING = """
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.utils.compilation import announce


class Job:
    size, title, fingerprint, known = 1, "job", "", {}

    def run(self, progress, stop, store):
        announce()
        return 7


if __name__ == "__main__":
    print(run_jobs([Job(), Job()], processes=2), run_jobs([Job(), Job()], processes=2))
"""

LOADING = """
from pathlib import Path

from slategym.bench.jobs.run_jobs import run_jobs
from slategym.utils.plugins import load


class Job:
    size, title, fingerprint, known = 1, "job", "", {}

    def __init__(self, value):
        self.value = value

    def run(self, progress, stop, store):
        return self.value


if __name__ == "__main__":
    with open("mine.py", "w") as file:
        file.write("class Mine: pass")
    with open("broken.py", "w") as file:
        file.write("class Mine: pass")
    mine, broken = load("agent", "mine.py:Mine"), load("agent", "broken.py:Mine")
    Path("broken.py").write_text("import no_such_module")
    print(run_jobs([Job(mine()), Job(mine())], processes=2)[1].__class__ is mine)
"""


def run(script, folder):
    (folder / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def without_notice(errors):
    """Without the line that a first run on a machine says while it compiles."""
    return [line for line in errors if not line.startswith("slategym: compiling kernels")]


@pytest.mark.slow
def test_a_script_without_a_main_guard_is_told_of_it(tmp_path):
    said, errors = run(UNGUARDED, tmp_path)
    assert [line.partition(":")[0] for line in said] == ["compare", "pareto"]
    for line in said:
        assert 'under `if __name__ == "__main__":`, or ask for processes=1' in line
        assert "memory" not in line
    assert without_notice(errors) == []


@pytest.mark.slow
def test_what_processes_compile_is_announced_once(tmp_path):
    said, errors = run(ANNOUNCING, tmp_path)
    assert said == ["[7, 7] [7, 7]"]
    assert errors == ["slategym: compiling kernels for this machine: about 15 seconds, only in the first run ..."]


def test_processes_run_the_files_that_their_jobs_need_and_no_others(tmp_path):
    said, errors = run(LOADING, tmp_path)
    assert (said, errors) == (["True"], [])
