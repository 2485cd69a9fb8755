"""Stable-Baselines3's algorithms as agents."""

from __future__ import annotations

import warnings
import weakref
from typing import Any, TypeGuard

import numpy as np
import torch
from gymnasium.spaces import Box
from numpy.typing import ArrayLike, NDArray
from stable_baselines3 import A2C, DDPG, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from slategym.agents.adapters.sb3_stepper import Generators, QueueVecEnv, StepwiseLearner
from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.common.inputs import check_observation
from slategym.agents.common.normalizer import LARGEST, RunningNormalizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.envs.wrappers.query import matches
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.lookup import choose, named_parameters, nearest

ROLLOUT = 8000  # slates of a rollout of PPO
ALGORITHMS: dict[str, type[BaseAlgorithm]] = {kind.__name__: kind for kind in (PPO, A2C, SAC, TD3, DDPG)}


class SB3(Agent):
    """An algorithm of Stable-Baselines3 on the query action, a point among the item features whose best matches are the slate.

    The algorithm's `learn` runs one step for each pair of `act` and `update`, which must alternate. Rewards are the scalarizer's
    weights times the objectives; observations are standardised. The density of queries gives no probability of slates, so
    propensities are NaN.

    Args:
        problem: what slates are chosen from.
        seed: of the algorithm.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        algorithm: the name of its class, such as "PPO", or a class: a subclass of an SB3 algorithm, or one of sb3-contrib.
        options: arguments of that class. Defaults that differ from SB3's: a discount of 0.5, since consecutive visits depend
            little on each other; for PPO rollouts of 8,000 slates in 8 minibatches, 5 epochs, a learning rate of 0.003; for
            off-policy algorithms a replay buffer of 100,000 slates and 8 gradient steps per step. Subclasses have the same.

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
        self.normalizer = RunningNormalizer(problem.seen_columns)
        self.generators = Generators()
        self.learner: StepwiseLearner | None = None
        self.last_slate: NDArray[np.int64] | None = None  # of `act`, until `update`
        self.answer: tuple[Any, ...] = ()
        self.model: BaseAlgorithm | None = None
        known = [name for name in named_parameters(self.algorithm)[0] if name not in ("policy", "env")]
        for name in options:
            if name not in known:
                raise ValueError(f"agent {self.name!r} has no option {name!r}.{nearest(name, known)} It has: {', '.join(known)}")
        if self.algorithm not in ALGORITHMS.values():
            self._try()

    def act(self, observation: Observation, allowed: ArrayLike | None = None) -> Decision:
        """Choose a slate for each observation (n, o); when its rollout is complete, the algorithm learns here.

        Raises:
            ValueError: an invalid observation, another number of rows than before, or no `update` since the last `act`.
        """
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        if self.last_slate is not None:
            raise ValueError(f"{self.name} was asked to act again: it expects an update after each act")
        if self.learner is None:
            self._hold(StepwiseLearner(self._make(len(observation))))
        assert self.learner is not None
        rows = self.learner.vec_env.num_envs
        if len(observation) != rows:
            raise ValueError(f"there are {len(observation)} observations: expected {rows}, as many as {self.name} began with")
        standard = self._inputs(observation)
        with self.generators.installed():
            query = self.learner.send((standard, *self.answer) if self.answer else standard)
        self.last_slate = self._slates(query, observation, mask)
        return self._decision(self.last_slate.copy())

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw slates from the present policy, without a step of the algorithm."""
        observation = self._checked(observation)
        with self.generators.installed():
            query, _ = self._policy().predict(self._inputs(observation), deterministic=False)
        return self._decision(self._slates(query, observation, allowed))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates of the policy's most probable queries (its means)."""
        observation = self._checked(observation)
        query = self._policy().predict(self._inputs(observation), deterministic=True)[0]
        return self._slates(query, observation, self.eligible(observation, allowed))

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step.

        Args:
            observation: (n, o) float32, from before the step.
            decision: that of the last `act`.
            feedback: the answer to it, with the next observation.

        Raises:
            ValueError: an argument is invalid, or the decision is not that of the last `act`; nothing has changed then.
        """
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
        self.last_slate = None
        self.normalizer.update(self.problem.seen(observation))
        reward = (feedback.objectives @ self.weights).astype(np.float32)
        done = feedback.terminated | feedback.truncated
        infos: list[dict[str, Any]] = [{}] * len(done)
        after = self._inputs(following)
        assert self.model is not None
        if not _collects_as_sb3(self.model):
            for row in np.flatnonzero(done):
                infos[row] = {"terminal_observation": after[row], "TimeLimit.truncated": bool(feedback.truncated[row])}
        elif feedback.truncated.any():
            # The value of truncated episodes, for all rows at once, where SB3 would compute it row by row.
            with torch.no_grad():
                values = self.model.policy.predict_values(torch.from_numpy(after[feedback.truncated]))
            reward[feedback.truncated] += self.model.gamma * values.numpy().ravel()
        self.answer = (reward, done, infos)

    def _own(self, decision: Decision) -> None:
        """Check that a decision is that of the last `act`."""
        if self.last_slate is None or not np.array_equal(decision.slate, self.last_slate):
            raise ValueError(
                f"{self.name} learns from its own decisions only: expected one update for each act, with what it gave"
            )

    def close(self) -> None:
        """End the algorithm's thread, which otherwise ends with the agent. `predict` still works."""
        if self.learner is not None:
            self.learner.close()

    def _try(self) -> None:
        """Make a small model now, so that a class that cannot be made is refused before a run."""
        try:
            self._policy()
        except Exception as error:  # a user's code may raise anything
            raise ValueError(
                f"{self.algorithm.__name__} cannot be made with the policy 'MlpPolicy', an environment whose action is a query, "
                f"a Box, and {', '.join(self._defaults(2) | self.options)}: {type(error).__name__}: {error}"
            ) from error

    def _make(self, rows: int) -> BaseAlgorithm:
        """A new algorithm for n rows, always with the same first weights."""
        with self.generators.installed():
            return self.algorithm("MlpPolicy", self._vec_env(rows), **self._defaults(rows) | self.options)

    def _defaults(self, rows: int) -> dict[str, Any]:
        """The default options for n rows."""
        defaults = own_defaults(self.algorithm) | {"seed": self.seed % 2**32}
        if issubclass(self.algorithm, PPO):
            steps = max(ROLLOUT // rows // 8 * 8, 8)
            defaults |= {"n_steps": steps, "batch_size": steps * rows // 8}
        return defaults

    def _vec_env(self, rows: int) -> QueueVecEnv:
        observation = Box(-LARGEST, LARGEST, (self.problem.seen_columns,), np.float32)
        return QueueVecEnv(rows, observation, Box(-1.0, 1.0, (self.problem.features.shape[1],), np.float32))

    def _policy(self) -> BaseAlgorithm:
        """The algorithm; before the first `act` a small one that never learns."""
        if self.model is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of minibatches that do not fit 2 rows
                self.model = self._make(2)
        return self.model

    def _hold(self, learner: StepwiseLearner) -> None:
        self.learner = learner
        self.model = learner.model
        weakref.finalize(self, learner.vec_env.close).atexit = False  # the thread is a daemon: it does not outlive the process

    def _inputs(self, observation: Observation) -> NDArray[np.float32]:
        return self.normalizer(self.problem.seen(observation))

    def _slates(self, query: NDArray[np.float32], observation: Observation, allowed: Mask | None) -> NDArray[np.int64]:
        scores = matches(self.problem.features, query, self.problem.candidates_in(observation))
        return self.best_of(scores, observation, allowed)

    def _decision(self, slate: NDArray[np.int64]) -> Decision:
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def __getstate__(self) -> dict[str, Any]:
        learner = self.learner
        rows = 0 if learner is None else learner.vec_env.num_envs
        return {**self.__dict__, "model": None, "learner": None if learner is None else learner.save(), "rows": rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows, saved = state.pop("rows"), state.pop("learner")
        self.__dict__.update(state, learner=None)
        if saved is not None:
            now = self.generators.states
            with self.generators.installed():
                self._hold(StepwiseLearner.load(saved, self.algorithm, self._vec_env(rows)))
            self.generators.states = now


def own_defaults(algorithm: type[BaseAlgorithm]) -> dict[str, Any]:
    """The defaults that differ from those of Stable-Baselines3 and do not depend on the number of rows."""
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


def _collects_as_sb3(model: BaseAlgorithm) -> TypeGuard[OnPolicyAlgorithm]:
    """Whether it is an on-policy algorithm with SB3's own rollouts, whose treatment of truncation is known."""
    return isinstance(model, OnPolicyAlgorithm) and type(model).collect_rollouts is OnPolicyAlgorithm.collect_rollouts
