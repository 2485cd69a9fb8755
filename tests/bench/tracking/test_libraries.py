"""What the trackers of other libraries write, read back by these; nothing goes to the network."""

import json
import os
import struct
import subprocess
import sys
from time import monotonic, sleep

import pytest

from slategym.bench import run
from slategym.bench.tracking.tracker import ARTIFACTS, Tracking
from slategym.sim.worlds import make_world

WORLD = make_world("Shop-v0", items=12, categories=3, slate_size=2, visits=3)
pytestmark = pytest.mark.track


class Both:
    """A tracker, and what it is told."""

    def __init__(self, tracker):
        self.tracker, self.steps, self.results = tracker, {}, None

    def on_start(self, config):
        self.tracker.on_start(config)

    def on_step(self, step, metrics):
        self.steps[step] = dict(metrics)
        self.tracker.on_step(step, metrics)

    def on_finish(self, results):
        self.results = dict(results)
        self.tracker.on_finish(results)


def followed(text, folder, files=()):
    """A run that is followed, with some files at its end."""
    both = Both(Tracking(text, folder)("lin-ts seed 3"))
    finish = both.tracker.on_finish
    both.tracker.on_finish = lambda results: finish({**results, ARTIFACTS: [str(path) for path in files]})
    run(WORLD, "lin-ts", 400, 3, shoppers=20, track=both)
    return both


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (tmp_path / "config.toml").write_text("slates = 400\n")
    for _ in range(2):  # the second takes the place of the first
        both = followed("tensorboard", tmp_path, [tmp_path / "config.toml"])
    found = EventAccumulator(str(tmp_path / "lin-ts-seed-3"))
    found.Reload()
    for name in ("value_per_slate", "clicks_per_slate", "weight_of_click", "slates_per_second", "memory_megabytes", "cpu_cores"):
        told = {step: metrics[name] for step, metrics in both.steps.items() if name in metrics}
        assert {event.step: event.value for event in found.Scalars(name)} == pytest.approx(told, rel=1e-6)
    assert found.Scalars("results/value_per_slate")[0].value == pytest.approx(both.results["value_per_slate"])
    texts = {tag: found.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in found.Tags()["tensors"]}
    assert '"agent": "lin-ts"' in texts["config/text_summary"]
    assert "slates = 400" in texts["config.toml/text_summary"]


def records(path):
    """The records of a file of W&B: blocks of 32 KiB of parts (checksum, length, kind), after a header of 7 bytes."""
    data, place, record = path.read_bytes(), 7, b""
    while place < len(data):
        if len(data) - place < 7:  # still being written
            return
        if (left := 32768 - place % 32768) < 7:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        record += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or its last part
            yield record
            record = b""


def test_wandb_offline(tmp_path):
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    (tmp_path / "config.toml").write_text("slates = 400\n")
    both = followed("wandb:project=shop", tmp_path, [tmp_path / "config.toml"])
    (path,) = tmp_path.glob("wandb/offline-run-*/*.wandb")
    end = monotonic() + 30
    while True:  # the service of W&B, a process of its own, may write its last record, "exit", after `finish` has returned
        found = [wandb_internal_pb2.Record.FromString(record) for record in records(path)]
        if monotonic() > end or any(record.WhichOneof("record_type") == "exit" for record in found):
            break
        sleep(0.1)
    history = {}
    for record in found:
        if record.WhichOneof("record_type") == "history":
            row = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            history[row["_step"]] = row
    assert set(history) == set(both.steps)
    for step, metrics in both.steps.items():
        assert {name: history[step][name] for name in metrics} == pytest.approx(metrics)
    (begun,) = [record.run for record in found if record.WhichOneof("record_type") == "run"][:1]
    assert (begun.project, begun.display_name) == ("shop", "lin-ts seed 3")
    config = {item.key: json.loads(item.value_json) for item in begun.config.update}
    assert (config["agent"], config["slates"]) == ("lin-ts", 400)
    kinds = [record.request.WhichOneof("request_type") for record in found if record.WhichOneof("record_type") == "request"]
    assert "log_artifact" in kinds or any(record.WhichOneof("record_type") == "artifact" for record in found)


TRACKIO = """
import json, sys
from pathlib import Path
from slategym.bench import run
from slategym.bench.tracking.tracker import ARTIFACTS, Tracking
from slategym.sim.worlds import make_world

folder = Path(sys.argv[1])
world = make_world("Shop-v0", items=12, categories=3, slate_size=2, visits=3)
tracker, steps = Tracking("trackio:project=shop", folder)("lin-ts seed 3"), {}
take, finish = tracker.on_step, tracker.on_finish
tracker.on_step = lambda step, metrics: (steps.update({step: dict(metrics)}), take(step, metrics))
(folder / "config.toml").write_text("slates = 400")
tracker.on_finish = lambda results: finish({**results, ARTIFACTS: [str(folder / "config.toml")]})
run(world, "lin-ts", 400, 3, shoppers=20, track=tracker)

from trackio.sqlite_storage import SQLiteStorage

logs = SQLiteStorage.get_logs("shop", "lin-ts seed 3")
print(json.dumps({"runs": SQLiteStorage.get_runs("shop"), "logs": logs, "steps": steps}))
"""


def test_trackio(tmp_path):
    """In a process of its own, since Trackio has one folder in a process."""
    pytest.importorskip("trackio")
    environment = {name: value for name, value in os.environ.items() if name != "TRACKIO_DIR"}
    done = subprocess.run([sys.executable, "-c", TRACKIO, tmp_path], capture_output=True, text=True, env=environment, timeout=100)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(done.stdout.splitlines()) == 1  # Trackio's own words do not come among those of a command
    assert found["runs"] == ["lin-ts seed 3"]
    steps = {int(step): metrics for step, metrics in found["steps"].items()}
    for step, metrics in steps.items():
        rows = [row for row in found["logs"] if row["step"] == step]
        assert any({name: row.get(name) for name in metrics} == pytest.approx(metrics) for row in rows), step
    assert any("results/value_per_slate" in row for row in found["logs"])
    assert list((tmp_path / "trackio").rglob("shop*.db"))
