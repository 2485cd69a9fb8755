"""Shoppers whose clicks and conversions follow a saved agent's estimates."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.agents.base import Agent
from slategym.agents.choosing.parts import forget_shoppers
from slategym.agents.estimates import Estimates
from slategym.agents.problem import Problem
from slategym.agents.saving import candidates_of
from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_models.base import Floats, UserModel
from slategym.sim.user_models.visit import Sample
from slategym.sim.world import World
from slategym.utils.plugins import find_file


class LearnedShoppers(UserModel):
    """The shoppers of a world, who click and convert with the probabilities that an agent estimates from their observation.

    Everything else follows the world's own user model: who arrives, what the observation shows, how a slate is examined, and how
    shoppers change, wait and leave. `slategym audit` and `slategym.bench.fidelity` measure how close the feedback is to that of
    the world's own model. Agent and world may have different candidates, or none. The last digits of a network's estimates may
    depend on the number of shoppers; this changes about one click in millions.

    Args:
        path: path of the saved agent.

    Raises:
        ValueError: there is no such file, it contains no agent, or the agent was saved for another world.
        NotImplementedError: the agent does not estimate clicks and conversions.
    """

    def __init__(self, path: str) -> None:
        self.path = find_file("saved agent", Path(path))

    @override
    def in_place_of(self, world: World) -> UserModel:
        plain = replace(world, candidates=None)
        offered = candidates_of(self.path)
        agent = Agent.load(self.path, Problem.of(replace(world, candidates=offered)))
        forget_shoppers(agent)
        model, truth = copy(self), world.user_model
        model.world, model.truth, model.agent = plain, truth, agent
        model._of_every_item(plain.observe(plain.shoppers(0, np.arange(1))))  # an agent that has none says so
        for name in ("click_model", "behaviours", "longest_delay", "longest_absence"):
            setattr(model, name, getattr(truth, name))
        return model

    world: World
    truth: UserModel  # the world's own model
    agent: Agent
    _latest: tuple[NDArray[np.float32], Estimates] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_latest": None}

    @override
    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        return self.truth.sample(draws, catalog)

    @override
    def context(self, shoppers: Shoppers) -> Floats:
        return self.truth.context(shoppers)

    @override
    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self._of(self._estimates(shoppers).click, catalog, slate)

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self._of(self._estimates(shoppers).conversion, catalog, slate)

    def _estimates(self, shoppers: Shoppers) -> Estimates:
        observation = self.world.observe(shoppers, compiled=False)
        if self._latest is None or not np.array_equal(self._latest[0], observation):
            self._latest = (observation, self._of_every_item(observation))
        return self._latest[1]  # kept, because a visit needs clicks and conversions

    def _of_every_item(self, observation: NDArray[np.float32]) -> Estimates:
        """The agent's estimates (n, m); one that chooses among candidates is offered all items, some at a time."""
        items, some = self.agent.problem.items, self.agent.problem.candidates
        if some is None:
            return self.agent.estimates(observation)
        found = np.empty((2, len(observation), items), np.float32)
        for start in range(0, items, some):
            offered = np.arange(start, start + some) % items
            columns = np.broadcast_to(offered.astype(np.float32), (len(observation), some))
            estimated = self.agent.estimates(np.concatenate([observation, columns], axis=1))
            found[:, :, offered] = estimated.click, estimated.conversion
        return Estimates(*found)

    @staticmethod
    def _of(estimates: NDArray[np.float32], catalog: Catalog, slate: Items | None) -> Floats:
        slate = catalog.check(slate, len(estimates))
        return estimates if slate is None else np.take_along_axis(estimates, slate, axis=1).astype(np.float64)

    @override
    def spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        return self.truth.spend(shoppers, catalog, slate, draws)

    @override
    def mean_spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self.truth.mean_spend(shoppers, catalog, slate)

    @override
    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.int64]:
        return self.truth.delay(shoppers, catalog, slate, draws)

    @override
    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return self.truth.behaviour(name, shoppers, catalog, slate)

    @override
    def amount(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        return self.truth.amount(name, shoppers, catalog, slate, draws)

    @override
    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        self.truth.evolve(shoppers, catalog, slate, feedback, draws)

    @override
    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        return self.truth.leaving(shoppers, feedback)

    @override
    def days_away(self, shoppers: Shoppers, feedback: Feedback, draws: Draws) -> NDArray[np.int64]:
        return self.truth.days_away(shoppers, feedback, draws)

    @property
    def anyone_leaves(self) -> bool:
        """Whether shoppers can leave for good."""
        return self.truth.anyone_leaves

    @property
    def anyone_changes(self) -> bool:
        """Whether the slates shown can change shoppers."""
        return self.truth.anyone_changes

    @property
    def browses(self) -> bool:
        """Whether shoppers do anything between visits."""
        return self.truth.browses

    @override
    def browse(self, shoppers: Shoppers, catalog: Catalog, draws: Draws) -> None:
        self.truth.browse(shoppers, catalog, draws)
