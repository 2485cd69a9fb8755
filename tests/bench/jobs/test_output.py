"""The folder of a run: one run at a time in it, named to the others, and never half a file."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.jobs import output as files
from slategym.bench.jobs.output import claim
from slategym.sim.worlds import make_world
from slategym.utils.storage.files import WriteError, partial_of, write_json, write_text
from slategym.utils.storage.lock import InUseError, Lock

HOLD = """
import sys
from slategym.bench.jobs.output import claim
from slategym.utils.storage.lock import Lock
from pathlib import Path
folder = Path(sys.argv[1])
(folder / "log").mkdir(parents=True)
with claim(folder, "results.json"), Lock(folder / "log"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", items=12, categories=3, slate_size=2, visits=3)


@pytest.fixture
def held(tmp_path):
    """A folder that another process holds, with a log in it that it writes, and that process."""
    script = tmp_path / "hold.py"
    script.write_text(HOLD)
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield tmp_path / "run", process
    process.kill()
    process.communicate()


def test_a_folder_in_use_is_refused_and_its_holder_named_until_it_dies(held, shop):
    folder, process = held
    for attempt in (
        lambda: claim(folder, "results.json").__enter__(),
        lambda: claim(folder, "other.json", force=True).__enter__(),
        lambda: LogWriter(folder / "log", shop, {}),
    ):
        with pytest.raises(InUseError) as refused:
            attempt()
        named = re.search(r"is in use by process (\d+) \((.*)\) since (\S+ \S+): wait", str(refused.value))
        assert int(named[1]) == process.pid
        assert named[2].startswith("hold.py ")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", named[3])
    LogWriter(folder / "another", shop, {}).close()  # logs of other names may be written beside it
    process.kill()  # it cannot put anything away
    process.wait()
    with claim(folder, "results.json") as path:
        LogWriter(path / "log", shop, {}).close()
    assert sorted(each.name for each in folder.iterdir()) == ["another", "log"]


def test_a_folder_is_free_again_after_the_run_and_after_an_error(tmp_path):
    def fail():
        with claim(tmp_path, "results.json"):
            with pytest.raises(InUseError, match=f"process {os.getpid()} "):  # another thread of this process, say
                Lock(tmp_path)
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fail()
    with claim(tmp_path, "results.json"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_has_left_goes(tmp_path, shop):
    for name in ("results.json.1-0.partial", "report.html.1-1.partial", "mine.partial"):
        (tmp_path / name).write_text("half")
    with claim(tmp_path, "results.json") as folder:
        LogWriter(folder / "log", shop, {}).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "mine.partial"]
    assert partial_of(tmp_path / "a") != partial_of(tmp_path / "a")


def test_a_full_disk_is_told_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: SimpleNamespace(free=3_000_000))
    with pytest.raises(WriteError, match=r"the disk of .* is full: 3.0 MB are free, and a run needs 20 MB"):
        claim(tmp_path, "results.json").__enter__()


@pytest.mark.parametrize("place", ["/proc/slategym", "/dev/null/out"])
@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="wants a place that nobody can write to")
def test_a_place_that_cannot_be_written_to_is_refused_in_a_sentence(place, shop):
    attempts = {
        "folder": lambda: claim(place, "results.json").__enter__(),
        "text": lambda: write_text(Path(place) / "page.html", ""),
        "json": lambda: write_json(Path(place) / "run.json", {}),
        "log": lambda: LogWriter(Path(place) / "log", shop, {}),
    }
    for attempt in attempts.values():
        with pytest.raises(OSError, match=rf"^cannot write {place}[\w/.]*: [A-Z]|is a file") as refused:
            attempt()
        assert "Errno" not in str(refused.value)


def test_a_disk_that_fills_up_leaves_what_was_there(tmp_path, monkeypatch):
    write_text(tmp_path / "run.json", "whole")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)  # as it happens to large files: the last bytes find no place
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(WriteError, match=r"^cannot write .*run.json: No space left on device$"):
        write_json(tmp_path / "run.json", {"more": 1})
    with pytest.raises(WriteError, match="No space left on device"):
        Lock(tmp_path)
    monkeypatch.undo()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]
