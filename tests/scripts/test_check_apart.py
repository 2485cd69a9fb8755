"""A file that ends its process, crashes it or hangs has failed: it is checked in a process of its own."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from slategym.testing.isolation import examine_apart

MODEL = """
import ctypes, os, sys, time
from slategym.sim.worlds.shop.model import ShopModel

{loading}

class Mine(ShopModel):
    def leaving(self, shoppers, feedback):
        {leaving}
        return super().leaving(shoppers, feedback)
"""
# What it does when loaded, what at a visit, and what is said of it.
ENDS = {
    "ends at once": ("os._exit(0)", "pass", r"mine.py ends the process, with exit status 0, while it is loaded"),
    "hangs at once": ("while True: pass", "pass", r"mine.py takes more than 8 s while it is loaded \(mine.py:5\)"),
    "ends later": ("", "os._exit(0)", r"mine.py ends the process, with exit status 0, after the check 'no global .*'"),
    "hangs later": ("", "time.sleep(999)", r"mine.py takes more than 8 s after the check 'no global .*' \(mine.py:9\)"),
    "crashes": ("", "ctypes.string_at(0)", r"mine.py crashes the process \(SIGSEGV\) after the check .* \(mine.py:9\)"),
    "is killed": ("os.kill(os.getpid(), 9)", "pass", r"mine.py crashes the process \(SIGKILL\) while it is loaded"),
    "leaves a child": ("os.fork() or time.sleep(999)", "os._exit(0)", r"mine.py ends the process"),
}
NOISY = """print('{"verdict": true}', flush=True); os.write(1, b"noise"); assert sys.stdin.read() == ''"""


@pytest.fixture(scope="module")
def endings(tmp_path_factory):
    """The last check of each, made all at once: most of them wait."""

    def last(name):
        path = tmp_path_factory.mktemp("shop") / "mine.py"
        path.write_text(MODEL.format(loading=ENDS[name][0], leaving=ENDS[name][1]))
        subject = examine_apart(f"{path}:Mine", timeout=8 if "hangs" in name else 300)
        return list(subject.checks)[-1]

    with ThreadPoolExecutor(len(ENDS)) as pool:
        return dict(zip(ENDS, pool.map(last, ENDS), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDS)
def test_no_verdict_is_a_failure(endings, name):
    check = endings[name]
    (finding,) = check.findings
    assert (check.name, finding.severity) == ("verdict", "failure")
    assert re.match(ENDS[name][2], str(finding)), str(finding)


@pytest.mark.slow
def test_the_command(tmp_path):
    """What the file prints is no part of what the command says, and no verdict either; the exit code tells how it went."""
    (tmp_path / "noisy.py").write_text(MODEL.format(loading=NOISY, leaving="pass"))
    (tmp_path / "ends.py").write_text(MODEL.format(loading="os._exit(0)", leaving="pass"))
    command = [sys.executable, "-m", "slategym.scripts.main", "check"]
    done = subprocess.run([*command, "noisy.py:Mine"], capture_output=True, text=True, cwd=tmp_path, input="not for the file")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Mine, a user model\n\nok        no global state when loaded\n")
    assert done.stdout.endswith("\nMine is sound.\n")
    assert '{"verdict": true}\nnoise' in done.stderr
    done = subprocess.run([*command, "ends.py:Mine"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "slategym: loading ...\n")
    assert done.stdout.startswith("Mine\n\nfailure   verdict\n          ends.py ends the process, with exit status 0")
    assert done.stdout.endswith("\nMine is not sound: 1 failure.\n")


def test_mistakes_come_back(tmp_path):
    with pytest.raises(ValueError, match="there is no file nowhere"):
        examine_apart("nowhere.py:Mine")


def test_nothing_is_left_behind(tmp_path):
    """When the parent ends, so does the child."""
    path = tmp_path / "mine.py"
    path.write_text(MODEL.format(loading=f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))", leaving="pass"))
    subject = examine_apart(f"{path}:Mine")
    next(subject.checks)
    del subject
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
