"""A task: what it asks of an agent, its dial, and what a low score means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from slategym.bench.profiles.level import Level
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Task(Brief):
    """A small frozen problem that asks for one ability, at several levels of difficulty.

    Attributes:
        name: of letters and hyphens.
        asks: what it asks of an agent, a sentence.
        dial: what the numbers of its dial count.
        settings: of the dial, from easy to hard.
        make: makes the level of a setting.
        low: what it means if an agent scores low, a sentence or two.
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
