"""Pipes between processes."""

from __future__ import annotations

import multiprocessing
import pickle
import threading

import numpy as np
import pytest

from slategym.bench.sharding.messages import packed
from slategym.bench.sharding.pipes import ROOM, SMALL, make_pipe


@pytest.fixture
def ends():
    one, other = make_pipe(multiprocessing.get_context("spawn"))
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize("size", [1, SMALL // 8 + 1, ROOM // 8 - 100, ROOM // 8 + 1])
def test_messages_of_any_size_come_whole(ends, size):
    one, other = ends
    arrays = [{"sums": np.random.default_rng(number).random(size), "count": np.array(number)} for number in range(4)]

    def double():
        for _ in arrays:
            other.send(packed({name: 2 * array for name, array in pickle.loads(other.receive()).items()}))

    thread = threading.Thread(target=double)
    thread.start()
    answers = []
    for sent in arrays:
        one.send(packed(sent))
        answers.append(pickle.loads(one.receive()))
    thread.join()
    for sent, answer in zip(arrays, answers, strict=True):  # later messages have not changed earlier ones
        for name, array in sent.items():
            np.testing.assert_array_equal(answer[name], 2 * array)


def test_closed_end_is_noticed(ends):
    one, other = ends
    other.close()
    with pytest.raises(EOFError):
        one.receive()
    with pytest.raises(OSError, match="pipe"):
        one.send(bytes(SMALL + 1))
