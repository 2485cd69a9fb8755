"""A task of a profile: what it tests, its dial, and what a low score means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from slategym.bench.profiles.level import Level
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Task(Brief):
    """A small frozen problem that tests one ability, at several levels of difficulty.

    Attributes:
        name: name of the task, of letters and hyphens.
        asks: what the agent has to do, in a sentence.
        dial: what the dial's settings count.
        settings: settings of the dial, from easy to hard.
        make: makes the level of a setting.
        low: what a low score means, in one or two sentences.
    """

    name: str
    asks: str
    dial: str
    settings: tuple[float, ...]
    make: Callable[[float], Level]
    low: str

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """A level for each setting."""
        return tuple(self.make(setting) for setting in self.settings)
