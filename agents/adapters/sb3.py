"""Stable-Baselines3's algorithms as agents."""

from __future__ import annotations

import inspect
import warnings
import weakref
from typing import Any, TypeGuard

import numpy as np
import torch
from gymnasium.spaces import Box
from numpy.typing import NDArray
from stable_baselines3 import A2C, DDPG, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from slategym.agents.adapters.sb3_stepper import Generators, QueueVecEnv, StepwiseLearner
from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.common.inputs import check_observation
from slategym.agents.common.normalizer import LARGEST, RunningNormalizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.envs.wrappers.query import matching_items
from slategym.sim.feedback import Feedback
from slategym.utils.lookup import choose, nearest

ROLLOUT = 8000  # slates that PPO sees between two updates
ALGORITHMS: dict[str, type[BaseAlgorithm]] = {each.__name__: each for each in (PPO, A2C, SAC, TD3, DDPG)}


class SB3(Agent):
    """An algorithm of Stable-Baselines3 on the query action: a point among the item features; the slate is what matches it best.

    Its own `learn` runs one step for each pair of `act` and `update`, which must alternate. Rewards are the scalarizer's
    weights times the objectives; observations are standardised. What is known of the density of queries says nothing about
    slates, so propensities are NaN.

    Args:
        algorithm: the name of its class, "PPO", or a class: a subclass of an SB3 algorithm, or one of sb3-contrib.
        options: what that class takes. Defaults that differ from SB3's: a discount of 0.5, since one visit says little about the
            next; for PPO rollouts of 8,000 slates in 8 minibatches, 5 times over, at a learning rate of 0.003; for algorithms
            with a replay buffer 100,000 slates in it and 8 gradient steps a step. Subclasses get these by name, too.

    Raises:
        ValueError: there is no such algorithm or option, or the class cannot be made on the query action.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        algorithm: str | type[BaseAlgorithm] = "PPO",
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.algorithm = _algorithm(algorithm)
        self.name = f"sb3:{self.algorithm.__name__}"
        self.options = options
        self.standardiser = RunningNormalizer(problem.seen_columns)
        self.generators = Generators()
        self.turns: StepwiseLearner | None = None
        self.waiting: NDArray[np.int64] | None = None  # the slates that `act` gave and `update` has not answered
        self.answer: tuple[Any, ...] = ()
        self.model: BaseAlgorithm | None = None
        _check_options(self.algorithm, f"agent {self.name!r}", options)
        if self.algorithm not in ALGORITHMS.values():
            self._try()

    def act(self, observation: Observation) -> Decision:
        """Choose a slate for each observation (n, o). The algorithm learns in here, whenever it has seen enough.

        Raises:
            ValueError: a wrong observation, another number of rows than before, or no `update` since the last `act`.
        """
        observation = self._checked(observation)
        if self.waiting is not None:
            raise ValueError(f"{self.name} was asked to act again: it expects an update after each act")
        if self.turns is None:
            self._hold(StepwiseLearner(self._make(len(observation))))
        assert self.turns is not None
        rows = self.turns.bridge.num_envs
        if len(observation) != rows:
            raise ValueError(f"there are {len(observation)} observations: expected {rows}, as many as {self.name} began with")
        standard = self._inputs(observation)
        with self.generators.installed():
            query = self.turns.send((standard, *self.answer) if self.answer else standard)
        self.waiting = self._slates(query, observation)
        return self._decision(self.waiting.copy())

    def choose(self, observation: Observation) -> Decision:
        """Slates drawn from the present policy, beside the algorithm's own steps."""
        observation = self._checked(observation)
        with self.generators.installed():
            query, _ = self._policy().predict(self._inputs(observation), deterministic=False)
        return self._decision(self._slates(query, observation))

    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) the slates of the policy's most probable queries."""
        observation = self._checked(observation)
        return self._slates(self._policy().predict(self._inputs(observation), deterministic=True)[0], observation)

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """As every agent's; a decision that is not that of the last `act` is refused before anything changes."""
        observation, decision = self._checked_step(observation, decision, feedback)
        check_observation(self.problem, feedback.next_observation, "feedback.next_observation")
        self._own(decision)
        super().update(observation, decision, feedback)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Keep the answer, which the algorithm takes together with the next observation.

        Raises:
            ValueError: the decision is not that of the last `act`.
        """
        observation, decision = self._checked_step(observation, decision, feedback)
        following = check_observation(self.problem, feedback.next_observation, "feedback.next_observation")
        self._own(decision)
        self.waiting = None
        self.standardiser.update(self.problem.seen(observation))
        reward = (feedback.objectives @ self.weights).astype(np.float32)
        done = feedback.terminated | feedback.truncated
        infos: list[dict[str, Any]] = [{}] * len(done)
        after = self._inputs(following)
        assert self.model is not None
        if not _collects_as_sb3(self.model):
            for row in np.flatnonzero(done):
                infos[row] = {"terminal_observation": after[row], "TimeLimit.truncated": bool(feedback.truncated[row])}
        elif feedback.truncated.any():
            # What a span that was cut short is still worth: all rows at once, where SB3 would ask for them one by one.
            with torch.no_grad():
                values = self.model.policy.predict_values(torch.from_numpy(after[feedback.truncated]))
            reward[feedback.truncated] += self.model.gamma * values.numpy().ravel()
        self.answer = (reward, done, infos)

    def _own(self, decision: Decision) -> None:
        """Refuse a decision that is not that of the last `act`."""
        if self.waiting is None or not np.array_equal(decision.slate, self.waiting):
            raise ValueError(
                f"{self.name} learns from its own decisions only: expected one update for each act, with what it gave"
            )

    def close(self) -> None:
        """End the algorithm's thread now; it ends by itself when nobody holds the agent. `predict` still works."""
        if self.turns is not None:
            self.turns.close()

    def _try(self) -> None:
        """Make a small one now, so that a class that cannot be made is refused before a run."""
        try:
            self._policy()
        except Exception as error:  # a user's code may raise anything
            raise ValueError(
                f"{self.algorithm.__name__} cannot be made with the policy 'MlpPolicy', an environment whose action is a query, "
                f"a Box, and {', '.join(self._defaults(2) | self.options)}: {type(error).__name__}: {error}"
            ) from error

    def _make(self, rows: int) -> BaseAlgorithm:
        """A new algorithm for so many rows, always the same at first."""
        with self.generators.installed():
            return self.algorithm("MlpPolicy", self._bridge(rows), **self._defaults(rows) | self.options)

    def _defaults(self, rows: int) -> dict[str, Any]:
        """The options that nobody has to give."""
        defaults = own_defaults(self.algorithm) | {"seed": self.seed % 2**32}
        if issubclass(self.algorithm, PPO):
            steps = max(ROLLOUT // rows // 8 * 8, 8)
            defaults |= {"n_steps": steps, "batch_size": steps * rows // 8}
        return defaults

    def _bridge(self, rows: int) -> QueueVecEnv:
        observation = Box(-LARGEST, LARGEST, (self.problem.seen_columns,), np.float32)
        return QueueVecEnv(rows, observation, Box(-1.0, 1.0, (self.problem.features.shape[1],), np.float32))

    def _policy(self) -> BaseAlgorithm:
        """The algorithm; before the first `act` one that will never learn."""
        if self.model is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # its minibatches need not fit
                self.model = self._make(2)
        return self.model

    def _hold(self, turns: StepwiseLearner) -> None:
        self.turns = turns
        self.model = turns.model
        weakref.finalize(self, turns.bridge.close).atexit = False  # the thread is a daemon: it does not outlive the process

    def _inputs(self, observation: Observation) -> NDArray[np.float32]:
        return self.standardiser(self.problem.seen(observation))

    def _slates(self, query: NDArray[np.float32], observation: Observation) -> NDArray[np.int64]:
        problem = self.problem
        return matching_items(problem.features, query, problem.slate_size, problem.candidates_in(observation))

    def _decision(self, slate: NDArray[np.int64]) -> Decision:
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def __getstate__(self) -> dict[str, Any]:
        turns = self.turns
        rows = 0 if turns is None else turns.bridge.num_envs
        return {**self.__dict__, "model": None, "turns": None if turns is None else turns.save(), "rows": rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows, saved = state.pop("rows"), state.pop("turns")
        self.__dict__.update(state, turns=None)
        if saved is not None:
            now = self.generators.states
            with self.generators.installed():
                self._hold(StepwiseLearner.load(saved, self.algorithm, self._bridge(rows)))
            self.generators.states = now


def own_defaults(algorithm: type[BaseAlgorithm]) -> dict[str, Any]:
    """The defaults that differ from those of Stable-Baselines3, whatever the number of rows."""
    defaults: dict[str, Any] = {"device": "cpu", "gamma": 0.5}
    if issubclass(algorithm, PPO):
        defaults |= {"n_epochs": 5, "learning_rate": 0.003}
    elif issubclass(algorithm, OffPolicyAlgorithm):
        defaults |= {"buffer_size": 100_000, "gradient_steps": 8}
    return defaults


def _algorithm(algorithm: str | type[BaseAlgorithm]) -> type[BaseAlgorithm]:
    if isinstance(algorithm, str):
        return choose("algorithm of Stable-Baselines3 for the query action", algorithm, ALGORITHMS)
    if not (isinstance(algorithm, type) and issubclass(algorithm, BaseAlgorithm)):
        raise ValueError(f"algorithm is {algorithm!r}: expected the name of one of Stable-Baselines3, or a subclass of one")
    return algorithm


def _check_options(algorithm: type[BaseAlgorithm], kind: str, options: dict[str, Any]) -> None:
    """Check the names of options, which a subclass may hand on to the class that it extends as `**kwargs`."""
    known: list[str] = []
    for each in algorithm.__mro__:
        parameters = inspect.signature(vars(each).get("__init__", each)).parameters.values()
        named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        known += [parameter.name for parameter in parameters if parameter.kind in named]
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    known = [name for name in known if name not in ("self", "policy", "env")]
    for name in options:
        if name not in known:
            raise ValueError(f"{kind} has no option {name!r}.{nearest(name, known)} It has: {', '.join(known)}")


def _collects_as_sb3(model: BaseAlgorithm) -> TypeGuard[OnPolicyAlgorithm]:
    """Whether it is an on-policy algorithm whose rollouts are SB3's own, so that what they do with truncation is known."""
    return isinstance(model, OnPolicyAlgorithm) and type(model).collect_rollouts is OnPolicyAlgorithm.collect_rollouts
