"""Progress outside a terminal, by a clock that stands still unless it is told."""

import pytest

from slategym.scripts.common.terminal import Lines, notes


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def said(capsys):
    return capsys.readouterr().err.splitlines()


def test_a_first_line_soon_and_then_one_a_minute(clock, capsys):
    lines = Lines("shop", 100_000, clock)
    told = []
    for second in range(1, 201):
        clock.now += 1
        lines(400 * second)
        told += [second] * len(said(capsys))
    assert told == [2, 62, 122, 182]


def test_a_line_has_the_runs_the_speed_and_the_time_left(clock, capsys):
    lines = Lines("shop", 100_000, clock)
    lines(10_000)  # of runs that were kept, which say nothing of the speed
    lines.runs(1, 4, ["lin-ts seed 0", "random seed 0", "oracle seed 0"])
    clock.now += 10
    lines(15_000)
    assert said(capsys) == [
        "shop: 15 %, 1 of 4 runs finished, now lin-ts seed 0 and random seed 0, 500 slates/s, about 3 min left"
    ]
    clock.now += 59
    lines(99_999)
    assert said(capsys) == []
    clock.now += 0.5
    lines.runs(4, 4, [])
    lines(100_000)
    lines(100_000)
    assert said(capsys) == ["shop: 100 %, 4 of 4 runs finished, 1,295 slates/s"]


def test_runs_without_slates_show_that_it_lives(clock, capsys):
    lines = Lines("fit", 1000, clock)
    clock.now += 6
    lines.runs(0, 2, ["a fit"])
    assert said(capsys) == ["fit: 0 %, 0 of 2 runs finished, now a fit"]


def test_a_short_run_says_that_it_ended(clock, capsys):
    lines = Lines("shop", 100, clock)
    for slates in (10, 50, 100):
        lines(slates)
    assert said(capsys) == ["shop: 100 %"]


def test_notes_are_the_first_and_one_a_minute(clock, capsys):
    tell = notes(clock)
    for number in range(130):
        tell(f"round {number}")
        clock.now += 1
    assert said(capsys) == ["round 0", "round 60", "round 120"]
