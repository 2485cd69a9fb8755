"""A user model under examination: the inputs of its methods, and the methods that have failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from slategym.sim.world import World
from slategym.testing.findings import Check, Finding
from slategym.testing.probes import ANYTHING, global_seed, guarded, raised
from slategym.testing.user_models.methods import FEW, Answer, Case, Part, affordable, parts_of

Findings = Iterator[Finding]
EVERY_BATCH = "Support any number of shoppers at any visit"


class UserModelHarness:
    """A user model in a world, and the results so far.

    Attributes:
        world: the world, with the user model.
        model: the user model.
        broken: names of the methods that failed, or that depend on one that did; these are no longer checked.
        rounded: names of the methods that depend on the batch by rounding.
        stopped: whether a failure makes all further checks meaningless.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.model = world.user_model
        self.broken: set[str] = set()
        self.rounded: set[str] = set()
        self.stopped = False
        self._case = cache(lambda count: Case.of(world, count))

    def case(self, part: Part, count: int = FEW) -> Case:
        """A fresh copy of a method's inputs for `count` shoppers; fewer if the method covers every item of a large catalogue."""
        if part.name == "sample":
            return Case.of(self.world, count, nobody=True)
        return self._case(affordable(count, self.world.catalog.size) if part.of_every_item else count).copy()

    def ask(self, part: Part, case: Case) -> Answer:
        """The method's answer for a case; `evolve` changes the case."""
        return part.ask(self.model, case)

    def answer(self, part: Part, rows: Any = None, seed: int = 0) -> Answer:
        """The method's answer for some rows, with the global generators at a seed."""
        case = self.case(part)
        with global_seed(seed):
            return self.ask(part, case if rows is None else case.take(rows))

    def over_parts(self, name: str, check: Callable[[UserModelHarness, Part], Findings], *, final: bool = False) -> Check:
        """Run one check of every method that has not failed so far.

        Args:
            name: name of the check.
            check: returns the findings for a method.
            final: whether a failure stops all further checks.
        """
        if self.stopped:
            return Check(name, left_out=True)
        return Check(name, guarded(lambda: tuple(self._over_parts(check, final))))

    def _over_parts(self, check: Callable[[UserModelHarness, Part], Findings], final: bool) -> list[Finding]:
        found: list[Finding] = []
        for part in parts_of(self.model):
            if part.name in self.broken or self.broken.intersection(part.needs):
                self.broken.add(part.name)
                continue
            try:
                of_part = list(check(self, part))
            except ANYTHING as error:
                of_part = [Finding(raised(error), part.where(self.model), EVERY_BATCH)]
            found += of_part
            if any(each.severity == "failure" for each in of_part):
                self.broken.add(part.name)
                self.stopped |= final
            if "sample" in self.broken and not self._case.cache_info().currsize:
                self.stopped = True  # there are no shoppers to check with
                break
        return found

    def overall(self, name: str, check: Callable[[World], Findings]) -> Check:
        """Run one check of the whole model, if no method has failed."""
        if self.broken:
            return Check(name, left_out=True)
        try:
            found = guarded(lambda: tuple(check(self.world)))
        except ANYTHING as error:
            found = (Finding(raised(error), f"{type(self.model).__name__} in a simulation", EVERY_BATCH),)
        self.broken.update(finding.where for finding in found)
        return Check(name, found)
