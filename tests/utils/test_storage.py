"""Archives and fingerprints: what comes back, what is refused, and what tells two values apart."""

import hashlib
import os
import subprocess
import sys
from collections import deque
from functools import partial

import numpy as np
import pytest

from slategym.sim.click_models import Cascade, PositionBased
from slategym.sim.worlds import make_world
from slategym.utils.storage.archive import from_bytes, to_bytes
from slategym.utils.storage.files import WriteError, write_bytes
from slategym.utils.storage.fingerprint import code_version, fingerprint
from slategym.utils.storage.graph import Rebuilder


def test_a_file_cannot_name_classes_from_elsewhere():
    graph = to_bytes({"a": 1})
    assert from_bytes(graph, "x") == {"a": 1}
    for name in ("os:system", "slategym.scripts.main:main", "slategym.agents.adapters.sb3:SB3", "slategym.__main__:x"):
        with pytest.raises(ValueError, match="not a class that this version of slategym recreates from files"):
            Rebuilder([{"kind": "object", "class": name, "state": None}], []).value([0])


def test_values_come_back_as_they_were():
    shared = np.arange(6.0).reshape(2, 3)
    shared.flags.writeable = False
    value = {
        "numbers": [1, 2.5, float("inf"), -0.0, 2**80, True, None],
        ("a", 1): {3, 1, 2},
        "queue": deque([1, 2, 3], maxlen=5),
        "bytes": b"\x00\xff",
        "slice": slice(1, None, 2),
        "scalar": np.float32(0.1),
        "arrays": (shared, shared, np.zeros((0, 3), np.int16), np.asfortranarray(np.ones((2, 3)))),
        "frozen": frozenset({"x"}),
    }
    value["itself"] = value
    again = from_bytes(to_bytes(value), "x")
    assert again["itself"] is again
    assert again["arrays"][0] is again["arrays"][1]
    assert not again["arrays"][0].flags.writeable
    assert again["arrays"][3].flags.f_contiguous
    assert again["queue"].maxlen == 5
    for key in ("numbers", ("a", 1), "bytes", "slice", "scalar", "frozen", "queue"):
        assert again[key] == value[key]
        assert type(again[key]) is type(value[key])


def test_random_numbers_go_on():
    for bits in (np.random.Philox(3), np.random.PCG64(3), np.random.SFC64(3), np.random.MT19937(3)):
        generator = np.random.Generator(bits)
        generator.random(7)
        again = from_bytes(to_bytes(generator), "x")
        np.testing.assert_array_equal(again.random(5), generator.random(5))


class Custom:
    """Something that is not slategym's."""

    def __init__(self, number):
        self.number = number


def test_what_is_not_supported_is_refused_by_its_type():
    for value in (object(), Custom(1), np.array([object()]), print):
        with pytest.raises(TypeError, match="cannot be stored without pickle"):
            to_bytes([value])


def test_damaged_nodes_are_refused():
    for nodes, place in (
        ([], [0]),
        ([{"kind": "list"}], [1]),
        ([{"kind": "nothing"}], [0]),
        ([{"kind": "array", "array": 3}], [0]),
    ):
        with pytest.raises(ValueError, match="nodes are damaged"):
            Rebuilder(nodes, []).value(place)


def test_an_archive_of_another_format_is_refused():
    content = to_bytes({"a": 1}).replace(b'"format":1', b'"format":9')
    # The checksums of zip and of the archive fit again.
    import io
    import zipfile

    source = zipfile.ZipFile(io.BytesIO(to_bytes({"a": 1})))
    text = source.read("graph.json").replace(b'"format":1', b'"format":9')
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("graph.json", text)
        archive.comment = bytes(64)
    body = file.getvalue()[:-64]
    with pytest.raises(ValueError, match="the format is 9, but this version of slategym reads format 1"):
        from_bytes(body + hashlib.sha256(body).hexdigest().encode(), "x")
    assert content != to_bytes({"a": 1})


def test_fingerprints_tell_values_apart():
    values = [
        1,
        1.0,
        True,
        "1",
        None,
        [1],
        (1,),
        {"a": 1},
        {"a": 2},
        np.arange(3),
        np.arange(3.0),
        np.arange(4),
        Custom(1),
        Custom(2),
    ]
    values += [
        Custom,
        partial(Custom, 1),
        partial(Custom, 2),
        print,
        Cascade(),
        PositionBased([1, 0.5]),
        np.float32(1),
        np.float64(1),
    ]
    found = [fingerprint(value) for value in values]
    assert len(set(found)) == len(found)
    assert found == [fingerprint(value) for value in values]


def test_a_world_has_one_fingerprint_in_every_process_and_after_use():
    world = make_world("Shop-v0", items=40, categories=4)
    before = fingerprint(world)
    assert world.layout, world.kernel
    assert fingerprint(world) == before
    assert fingerprint(make_world("Shop-v0", items=40, categories=4)) == before
    assert fingerprint(make_world("Shop-v0", items=40, categories=4, drift=False)) != before
    assert fingerprint(make_world("Shop-v0", items=40, categories=4, click_model="cascade")) != before
    script = (
        "from slategym.sim.worlds import make_world; from slategym.utils.storage.fingerprint import fingerprint\n"
        "print(fingerprint(make_world('Shop-v0', items=40, categories=4)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == before


def test_a_function_counts_by_the_source_of_its_module(tmp_path):
    from slategym.utils.plugins import load

    path, found = tmp_path / "mine.py", []
    for text in ("def f(): return 1\n", "def f(): return 2\n"):
        (tmp_path / str(len(found))).mkdir()
        path = tmp_path / str(len(found)) / "mine.py"
        path.write_text(text)
        found.append(fingerprint(("f", load("agent", f"{path}:f").__code__.co_consts)))
    assert found[0] != found[1]


def test_the_version_of_the_code_names_source_and_libraries():
    found = code_version()
    assert len(found["slategym"]) == 64
    assert found["numpy"] == np.__version__


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match=r"cannot write .*file: No space left on device"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
