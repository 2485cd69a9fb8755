"""Jobs in several processes, started by scripts as users write them."""

import subprocess
import sys

UNGUARDED = """
from slategym.bench.compare import compare
from slategym.bench.pareto import pareto

for start in (compare, pareto):
    try:
        start("Shop-v0", ("random", "lin-ts"), 100, 1, processes=2)
    except RuntimeError as error:
        print(f"{start.__name__}: {error}")
"""
ANNOUNCING = """
from slategym.bench.jobs import run_jobs
from slategym.sim.compilation import announce


class Job:
    size = 1

    def run(self, progress, stop):
        announce()
        return 7


if __name__ == "__main__":
    print(run_jobs([Job(), Job()], processes=2), run_jobs([Job(), Job()], processes=2))
"""


def run(script, folder):
    (folder / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_a_script_without_a_main_guard_is_told_of_it(tmp_path):
    said, errors = run(UNGUARDED, tmp_path)
    assert [line.partition(":")[0] for line in said] == ["compare", "pareto"]
    for line in said:
        assert 'under `if __name__ == "__main__":`, or ask for processes=1' in line
        assert "memory" not in line
    assert errors == []


def test_what_processes_compile_is_announced_once(tmp_path):
    said, errors = run(ANNOUNCING, tmp_path)
    assert said == ["[7, 7] [7, 7]"]
    assert errors == ["slategym: compiling kernels for this machine: about 15 seconds, at the first run only ..."]
