"""A running simulation: a world, a seed, and a batch of shoppers who visit, leave and are replaced by new ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.draws import Draws
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, first_shown
from slategym.sim.streams import Stream
from slategym.sim.user_models.behaviours import answer_behaviours
from slategym.sim.user_models.history import flush_pending, remember
from slategym.sim.user_models.visit import Kernel, Stage, VisitOutcome
from slategym.sim.world import World
from slategym.utils.arrays import as_array, check_mask, check_numbers, check_room
from slategym.utils.batching import blocks
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import as_float32

ROW_BITS = 32


# A pending conversion: where and when the item was shown, when the shop learns of it, the amount paid. The oldest come first.
PENDING = np.dtype(
    [("row", np.int64), ("shown", np.int64), ("due", np.int64), ("rank", np.int64), ("item", np.int64), ("revenue", np.float32)]
)
Pending = NDArray[np.void]
NONE_PENDING: Pending = np.zeros(0, PENDING)
NOTHING_DELAYED = DelayedConversions.none()


def _numbers(rows: int | ArrayLike) -> NDArray[np.int64]:
    """Convert a number of rows, or row numbers, to row numbers."""
    if isinstance(rows, int | np.integer) and not isinstance(rows, bool):
        if not 1 <= rows <= 2**ROW_BITS:
            raise ValueError(f"rows is {rows!r}: expected a number of rows from 1, or row numbers 0..2**32 - 1")
        return np.arange(int(rows))
    expected = "expected a number of rows from 1, or row numbers 0..2**32 - 1"
    try:
        numbers = check_numbers(rows, 2**ROW_BITS, "rows", "a row", (None,))
    except ValueError as error:
        raise ValueError(f"{error}; {expected}") from error
    if len(numbers) == 0:
        raise ValueError(f"rows is empty: {expected}")
    return numbers.copy()


class Simulation(Brief):
    """A running simulation of a world with a batch of n shoppers.

    Args:
        world: the world to simulate; if it has a schedule, it changes at steps of the simulation.
        seed: 0 to 2**64 - 1; seed and row numbers determine everything.
        rows: the number of rows, or their numbers: the `e`-th shopper of row `r` does not depend on the other rows.
        compiled: whether to use the compiled kernel of the world, if there is one; False: only its NumPy specification.

    Attributes:
        steps: the number of slates that each row has been shown.
        world: the world at this step.
    """

    def __init__(self, world: World, seed: int, rows: int | ArrayLike = 1, *, compiled: bool = True) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
            raise ValueError(f"seed is {seed!r}: expected a whole number from 0 to 2**64 - 1")
        numbers = _numbers(rows)
        self.world = self._first = world
        self.seed = int(seed)
        self.rows = numbers
        self.steps = 0
        self.compiled = compiled
        self._shoppers = world.shoppers(self.seed, numbers, compiled=compiled)
        self._kernel = world.kernel if compiled else Kernel()
        self._pending = NONE_PENDING

    def _told(self) -> Iterable[str]:
        yield repr(self.world.name)
        yield f"seed {self.seed}"
        yield f"{len(self):,} rows"
        yield f"{self.steps:,} steps"

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shoppers(self) -> Shoppers:
        """The shoppers at their present visit; they can be replaced by the same number of shoppers of the same world.

        Raises:
            ValueError: on setting, shoppers that do not fit.
        """
        return self._shoppers

    @shoppers.setter
    def shoppers(self, shoppers: Shoppers) -> None:
        self.world.check_shoppers(shoppers, moving=True)
        if len(shoppers) != len(self):
            raise ValueError(f"there are {len(shoppers)} shoppers: expected {len(self)}, one per row")
        self._shoppers = shoppers

    @property
    def draws(self) -> Draws:
        """The random numbers of the present visit."""
        return Draws(self.seed, self.shoppers.identity.copy(), self.shoppers.visit.copy())

    def state(self) -> dict[str, Any]:
        """Return a copy of everything that `restore` needs to continue from here."""
        return {
            "seed": self.seed,
            "rows": self.rows.copy(),
            "steps": self.steps,
            "shoppers": self.shoppers.take(np.arange(len(self))),
            "pending": self._pending.copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Return to the point at which `state` was taken, in this simulation or another one with the same world, seed and rows.

        Args:
            state: the result of `state`.

        Raises:
            ValueError: the state belongs to another seed, other rows or another world; nothing has changed.
        """
        if state["seed"] != self.seed or not np.array_equal(state["rows"], self.rows):
            raise ValueError(f"the state belongs to seed {state['seed']} and {len(state['rows'])} rows: expected {self!r}")
        shoppers = state["shoppers"]
        self.shoppers = shoppers.take(np.arange(len(shoppers)))
        self.steps, self._pending = int(state["steps"]), state["pending"].copy()
        self._enter(self._first.at(self.steps))

    def _enter(self, world: World) -> None:
        """Continue in a world, which may be a later or earlier stage of the present one's schedule."""
        if world is not self.world:
            self.world, self._kernel = world, world.kernel if self.compiled else Kernel()

    def observe(self) -> NDArray[np.float32]:
        """(n, o) float32, the current observation."""
        return self.world.observe(self.shoppers, compiled=self.compiled)

    def show(self, slate: ArrayLike) -> Feedback:
        """Show each shopper a slate and advance by one visit. Rows whose episode has ended need `restart`.

        Args:
            slate: (n, k) items, or positions among the candidates.

        Raises:
            ValueError: the slate is invalid (see `World.check_slate`); nothing has changed.
        """
        return self._show(self.world.check_slate(slate, len(self)))[0]

    def step(self, slate: ArrayLike) -> tuple[Feedback, NDArray[np.float32]]:
        """Show slates like `show`, and replace shoppers whose episode has ended by the next shoppers of their rows.

        Args:
            slate: (n, k) items, or positions among the candidates.

        Returns:
            The feedback of the shoppers who were shown the slates, and (n, o) float32, the observation of the shoppers who are
            there now.

        Raises:
            ValueError: the slate is invalid (see `World.check_slate`); nothing has changed.
        """
        slates = self.world.check_slate(slate, len(self))
        observation = np.empty((len(self), self.world.layout.size), np.float32)
        # Kernels can restart rows only if newcomers have no history and there are no candidates to draw.
        plain = self.world.candidates is None and not self.world.history_days
        feedback, followed = self._show(slates, observation if plain else None)
        if not followed:
            observation[:] = feedback.next_observation
            self.restart(feedback.terminated | feedback.truncated, observation)
        return feedback, observation

    def _show(self, slate: Items, after: NDArray[np.float32] | None = None) -> tuple[Feedback, bool]:
        """Return the feedback, and whether shoppers who left have been replaced, with their observation in `after` (n, o)."""
        world, shoppers = self.world, self.shoppers
        items = slate if world.candidates is None else world.items(shoppers, slate)
        observation = np.empty((len(self), world.layout.size), np.float32)
        before = [] if world.counts_alone else [objective.before(world, shoppers, items) for objective in world.objectives]
        changes = bool(world.schedule) and world.schedule[0].step <= self.steps + 1
        if changes:  # newcomers and the next observation belong to the world after the change
            after = None
        done = self._kernel.visit(self.seed, shoppers, items, observation, after)
        if done.stages < Stage.LEAVING:
            self._finish(items, done)
        converted = done.converted.copy() if before else done.converted
        delayed = self._arrivals(items, done)
        self.steps += 1
        if changes:
            self._enter(world.at(self.steps))
        if changes or done.stages < Stage.OBSERVATION:
            observation = self.observe()
        else:
            world.write_candidates(shoppers, observation)
        feedback = Feedback(
            done.clicks,
            done.converted,
            done.revenue,
            done.objectives,
            done.terminated,
            done.truncated,
            delayed,
            observation,
            done.behaviours,
            done.days_away,
        )
        if before:
            each = [
                objective.reward(world, seen, items, converted, feedback)
                for objective, seen in zip(world.objectives, before, strict=True)
            ]
            feedback = replace(feedback, objectives=as_float32("objectives", np.stack(each, axis=1)))
        return feedback, done.stages >= Stage.OBSERVATION and after is not None

    def restart(self, rows: NDArray[np.bool_] | None = None, observation: NDArray[np.float32] | None = None) -> None:
        """Start the next shopper in each row of the mask (n,), or in all rows.

        Args:
            rows: the mask.
            observation: (n, o), into which the observations of the new shoppers are written, if it is given.

        Raises:
            ValueError: the mask or the observation is invalid; nothing has changed.
        """
        which = np.ones(len(self), np.bool_) if rows is None else as_array(rows, "rows")
        check_mask(which, (len(self),), "rows")
        if observation is not None:
            check_room(observation, (len(self), self.world.layout.size), "observation")
        coming = np.flatnonzero(which)
        if len(coming) == 0:
            return
        for block in blocks(len(coming)):
            those = coming[block]
            identity = self.shoppers.identity[those] + (1 << ROW_BITS)
            newcomers = self.world.shoppers(self.seed, identity, compiled=self.compiled)
            self.shoppers.put(those, newcomers)
            if observation is not None:
                observation[those] = self.world.observe(newcomers, compiled=self.compiled)
        if len(self._pending):
            self._pending = self._pending[~which[self._pending["row"]]]

    def _finish(self, items: Items, done: VisitOutcome) -> None:
        """Do the stages of a visit that the kernel has not done with the methods of the user model; write them into `done`."""
        world, shoppers, stages = self.world, self.shoppers, done.stages
        model, catalog = world.user_model, world.catalog
        draws = Draws(self.seed, shoppers.identity, shoppers.visit)
        if stages < Stage.CLICKS:
            done.clicks = model.clicks(shoppers, catalog, items, draws) & first_shown(items)
        if stages < Stage.CONVERSION:
            done.converted = done.clicks & (draws.uniform(Stream.CONVERSION, items) < model.conversion(shoppers, catalog, items))
            done.objectives = np.stack([done.clicks.sum(axis=1), done.converted.sum(axis=1)], axis=1, dtype=np.float32)
        if stages < Stage.CONVERSION_DETAILS:
            self._sell(items, draws, done)
            remember(shoppers, catalog, items, done.clicks, done.converted, done.delay)
        if model.behaviours:
            done.behaviours = answer_behaviours(model, shoppers, catalog, items, draws, done.clicks, done.converted)
        nobody, unseen = np.zeros(len(self), np.bool_), np.zeros((len(self), 0), np.float32)
        # What the shopper knows of the visit; the shop may learn of a conversion later.
        known = (nobody, nobody, NOTHING_DELAYED, unseen, done.behaviours)
        answer = Feedback(done.clicks, done.converted, done.revenue, done.objectives, *known)
        if stages < Stage.EVOLUTION:
            model.evolve(shoppers, catalog, items, answer, draws)
        done.terminated = draws.uniform(Stream.LEAVING) < model.leaving(shoppers, answer)
        if world.visits == 1:
            done.terminated[:] = True  # a single visit is the whole episode, not a period cut short
        if model.longest_absence:
            away = check_numbers(
                model.days_away(shoppers, answer, draws), model.longest_absence + 1, "days_away", "a day", (len(self),)
            )
            done.days_away = np.where(done.terminated, 0, away)
            shoppers.state["day"] += done.days_away.astype(np.int32)
        shoppers.visit += 1
        done.truncated = (shoppers.visit >= world.visits) & ~done.terminated
        flush_pending(shoppers, done.terminated | done.truncated)
        if model.browses:
            model.browse(shoppers, catalog, Draws(self.seed, shoppers.identity, shoppers.visit))

    def _sell(self, items: Items, draws: Draws, done: VisitOutcome) -> None:
        """Determine the amounts paid for the conversions of this visit, and how much later the shop learns of them."""
        model, catalog = self.world.user_model, self.world.catalog
        done.revenue, done.delay = np.zeros(items.shape, np.float32), np.zeros(items.shape, np.int64)
        row, rank = np.nonzero(done.converted)
        if len(row):
            item, converting, theirs = items[row, rank][:, None], self.shoppers.take(row), draws.take(row)
            done.revenue[row, rank] = as_float32("the amount paid", model.spend(converting, catalog, item, theirs))[:, 0]
            if model.longest_delay:
                done.delay[row, rank] = model.delay(converting, catalog, item, theirs)[:, 0]

    def _arrivals(self, items: Items, done: VisitOutcome) -> DelayedConversions:
        """Remove pending conversions from those of this step, and return those of earlier steps that become known now."""
        place, pending = done.converted.ravel().nonzero()[0], self._pending
        if len(place) == len(pending) == 0:
            return NOTHING_DELAYED
        from slategym.sim.kernel.batch import settle  # compiled: imported on first use

        waiting = np.empty(len(pending) + len(place), PENDING)
        arrived = (*np.empty((4, len(pending)), np.int64), np.empty(len(pending), np.float32))
        visit, answer = (items, done.delay, done.terminated, done.truncated), (done.converted, done.revenue, done.objectives)
        open_, known = settle(self.steps, place, visit, answer, pending, waiting, arrived)
        self._pending = waiting[:open_]
        return DelayedConversions(*(column[:known] for column in arrived))
