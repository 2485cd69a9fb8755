"""An agent made of a trained model of Stable-Baselines3: "sb3:path/to/model.zip"."""

from __future__ import annotations

import json
import zipfile
from inspect import signature
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import stable_baselines3
from gymnasium.spaces import Box, Discrete, MultiDiscrete, Space
from stable_baselines3.common.base_class import BaseAlgorithm

from slategym.agents.adapters.sb3_stepper import Generators
from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.given_slates import ranked
from slategym.agents.scalarizers.base import Scalarizer
from slategym.envs.masks import rank_masks
from slategym.envs.wrappers.query import matches
from slategym.sim.choice import Mask
from slategym.utils.optional import require
from slategym.utils.plugins import find_file

# The zip file does not name its algorithm. It is the first one here whose attribute is in the file. (DDPG is a TD3.)
_MARKS = (
    ("DQN", "exploration_fraction"),
    ("SAC", "target_entropy"),
    ("TD3", "policy_delay"),
    ("PPO", "clip_range"),
    ("A2C", "gae_lambda"),
)


class SavedModel(Agent):
    """A model that Stable-Baselines3 saved, as an agent that does not learn; its action is the one that it was trained with.

    The action may be a query (`slategym.QueryAction`), scores of the items (`slategym.ScoreAction`), the slate itself, or, in
    slates of one, the item. The agent uses the most probable action, as in `evaluate_policy`, so propensities are 1. A model
    whose action is the slate may show an item twice. A model of sb3-contrib's MaskablePPO gets the masks of `action_masks()`.
    The model gets the unmodified observation: do not use one that was trained with VecNormalize or another observation wrapper.

    Load only files that you trust: they contain pickles.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: not used.
        scalarizer: combines the objectives; it does not change the slates.
        path: path of the zip file.

    Raises:
        ValueError: there is no such file, it is not a saved model, or its spaces do not fit the problem.
    """

    def __init__(self, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, *, path: str | Path) -> None:
        super().__init__(problem, seed, scalarizer)
        self.name = f"sb3:{path}"
        self.content = find_file("trained model", Path(path)).read_bytes()
        self.model = _load(path, self.content)
        seen, action = self.model.observation_space, self.model.action_space
        k, m, d = problem.slate_size, problem.choices, problem.features.shape[1]
        if not isinstance(seen, Box) or seen.shape != (problem.layout.size,):
            raise ValueError(
                f"{path} observes {_words(seen)}: expected a Box of shape ({problem.layout.size},), the observation of this world"
            )
        self.is_query = isinstance(action, Box) and action.shape == (d,)
        is_score = isinstance(action, Box) and action.shape == (m,)
        is_slate = isinstance(action, MultiDiscrete) and np.array_equal(action.nvec, [m] * k)
        is_item = isinstance(action, Discrete) and k == 1 and action.n == m and action.start == 0
        if not (self.is_query or is_score or is_slate or is_item):
            fitting = f"a query, a Box of shape ({d},), scores, a Box of shape ({m},), or a slate, MultiDiscrete([{m}] * {k})"
            fitting += f", or an item, Discrete({m})" if k == 1 else ""
            raise ValueError(f"{path} has the action {_words(action)}: expected {fitting}")

    propensities_are = "exact"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, 0 or 1."""
        return ranked(self.choose(observation, allowed).slate, slate, 0.0, self.problem.choices)

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the slates of the most probable actions, with propensity 1."""
        observation = self._checked(observation)
        action, _ = self.model.predict(observation, deterministic=True, **self._masks(len(observation)))
        if self.is_query:
            scores = matches(self.problem.features, action, self.problem.candidates_in(observation))
            slate = self.best_of(scores, observation, allowed)
        elif isinstance(self.model.action_space, Box):
            slate = self.best_of(np.asarray(action, np.float32), observation, allowed)
        else:
            if allowed is not None:
                raise ValueError(
                    f"{self.name} chooses items directly, which does not support masks and rules: expected a model that was "
                    "trained with queries or scores (slategym.QueryAction, slategym.ScoreAction)"
                )
            slate = np.asarray(action, np.int64).reshape(len(observation), self.problem.slate_size)
        return Decision(slate, np.ones(slate.shape, np.float32))

    def _masks(self, rows: int) -> dict[str, Any]:
        """The arguments of `predict` for a model that was trained with action masks."""
        if "action_masks" not in signature(self.model.predict).parameters:
            return {}
        problem = self.problem
        mask = rank_masks(problem.slate_size, problem.category, problem.candidates).ravel()
        return {"action_masks": np.tile(mask, (rows, 1))}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "model": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, model=_load(self.name, state["content"]))


def _words(space: Space[Any]) -> str:
    """A space in a few words."""
    match space:
        case Box():
            return f"a Box of shape {space.shape}"
        case MultiDiscrete():
            return f"MultiDiscrete({space.nvec.tolist()})"
    return str(space)


def _load(path: str | Path, content: bytes) -> BaseAlgorithm:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            kept = json.loads(archive.read("data"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{path} holds no model: expected a file written by Stable-Baselines3's `model.save`") from error
    name = next((name for name, mark in _MARKS if mark in kept), None)
    if name is None:
        known = ", ".join(name for name, _ in _MARKS)
        raise ValueError(f"{path} holds a model of an unknown algorithm: expected one of {known} or DDPG")
    is_masked = "sb3_contrib.common.maskable" in str(kept.get("policy_class"))
    algorithm: type[BaseAlgorithm] = (
        require("sb3_contrib", "peers").MaskablePPO if is_masked else getattr(stable_baselines3, name)
    )
    try:
        with Generators().installed():  # loading draws random weights, and seeds the global generators
            return algorithm.load(BytesIO(content), device="cpu")
    except Exception as error:  # loading an unknown file may raise any error
        raise ValueError(f"{path} cannot be loaded as a model of {name}: {type(error).__name__}: {error}") from error
