"""Agents made of Stable-Baselines3's algorithms."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
from gymnasium.spaces import Box
from numpy.typing import ArrayLike, NDArray
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from typing_extensions import override

from slategym.agents.adapters.sb3_actions import CONTRIB, DirectionActions, QueryActions
from slategym.agents.adapters.sb3_stepper import Generators, QueueVecEnv, StepwiseLearner
from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.given_slates import unknown
from slategym.agents.common.inputs import check_observation
from slategym.agents.common.normalizer import LARGEST, RunningNormalizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.envs.wrappers.discrete import COUNT
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.arrays import as_array
from slategym.utils.checked import checked
from slategym.utils.lookup import choose, named_parameters, nearest
from slategym.utils.optional import require
from slategym.utils.ranges import Count

ROLLOUT = 8000  # slates of a rollout of PPO
LEAST_STEPS = 2  # steps of a rollout, at least
MINIBATCHES = 8  # minibatches of a rollout
ALGORITHMS: dict[str, type[BaseAlgorithm]] = {kind.__name__: kind for kind in (PPO, A2C, SAC, TD3, DDPG, DQN)}


class SB3(Agent):
    """An algorithm of Stable-Baselines3 whose action is a query, a point in the space of item features.

    A slate holds the items that match the query best. Algorithms with discrete actions, DQN and QR-DQN, choose one of `slates`
    fixed directions in that space instead. The algorithm's `learn` runs one step for each pair of `act` and `update`, which must
    alternate. Rewards are the scalarizer's weights times the objectives; observations are standardised. The density of queries
    does not give the probability of a slate, so propensities are NaN.

    RecurrentPPO keeps a memory of each row's visits between calls of `act`; `predict` takes and returns its state, as in SB3;
    `choose` and `best` start without memory.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the algorithm.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        algorithm: the algorithm: a name, such as "PPO", or a class of SB3 or sb3-contrib, or a subclass of one.
        fields: the fields of the observation that the algorithm gets; None: "context", or all fields if there is none.
        slates: number of directions that DQN and QR-DQN choose from.
        log_std_init: logarithm of the initial standard deviation of PPO's and A2C's queries, passed in `policy_kwargs`.
        options: further arguments of the class. `own_defaults` lists defaults that differ from SB3's; they apply to subclasses
            too.

    Raises:
        ValueError: there is no such algorithm or option, or the class cannot be made for this action space.
        ImportError: sb3-contrib is not installed.
    """

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        algorithm: str | type[BaseAlgorithm] = "PPO",
        fields: Sequence[str] | None = None,
        slates: Count = COUNT,
        log_std_init: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.algorithm = algorithm_of(algorithm)
        self.name = f"sb3:{self.algorithm.__name__}"
        if problem.features.shape[1] == 0:
            raise ValueError(f"{self.name} chooses items by their features, and they have none: add features, or use lin-ts")
        self.options = options
        if log_std_init is not None:
            if not has_deviation(self.algorithm):
                raise ValueError(f"{self.name} has no log_std_init: it is an option of PPO, A2C and RecurrentPPO alone")
            kwargs = options.get("policy_kwargs") or {}
            self.options = options | {"policy_kwargs": kwargs | {"log_std_init": log_std_init}}
        self.columns = problem.context(fields)
        if fields is None and not len(self.columns):
            self.columns = np.arange(problem.seen_columns)
        self.normalizer = RunningNormalizer(len(self.columns))
        self.actions = DirectionActions(problem, self.seed, slates) if is_discrete(self.algorithm) else QueryActions(problem)
        self.generators = Generators()
        self.learner: StepwiseLearner | None = None
        self.last_slate: NDArray[np.int64] | None = None  # the slate of the last `act`, until `update`
        self.answer: tuple[Any, ...] = ()
        self.model: BaseAlgorithm | None = None
        known = [name for name in named_parameters(self.algorithm)[0] if name not in ("policy", "env")]
        for name in options:
            if name not in known:
                raise ValueError(f"agent {self.name!r} has no option {name!r}.{nearest(name, known)} It has: {', '.join(known)}")
        if self.algorithm not in ALGORITHMS.values():
            self._try()

    def act(self, observation: Observation, allowed: ArrayLike | None = None) -> Decision:
        """Choose a slate for each observation (n, o). When a rollout is complete, the algorithm trains during this call.

        Raises:
            ValueError: the observation is invalid or has another number of rows than before, or `update` has not been called
                since the last `act`.
        """
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        if self.last_slate is not None:
            raise ValueError(f"{self.name} has not been updated since the last act: expected an update after each act")
        if self.learner is None:
            self._hold(StepwiseLearner(self._make(len(observation))))
        assert self.learner is not None
        rows = self.learner.vec_env.num_envs
        if len(observation) != rows:
            raise ValueError(f"there are {len(observation)} observations: expected {rows}, as in the first call of {self.name}")
        standard = self._inputs(observation)
        with self.generators.installed():
            action = self.learner.send((standard, *self.answer) if self.answer else standard)
        self.last_slate = self.actions.slates(action, observation, mask)
        return self._decision(self.last_slate.copy())

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw slates from the current policy, without a step of the algorithm."""
        observation = self._checked(observation)
        with self.generators.installed():
            action, _ = self._policy().predict(self._inputs(observation), deterministic=False)
        return self._decision(self.actions.slates(action, observation, allowed))

    own_slates_only = True  # it cannot learn from slates that other policies chose

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """Not supported: the probability of a slate is an integral over the actions that lead to it.

        Raises:
            NotImplementedError: always.
        """
        raise unknown(self, "save its model and use sb3:my_model.zip, which always shows the slate of its most probable action")

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates of the policy's most probable actions."""
        observation = self._checked(observation)
        action, _ = self._policy().predict(self._inputs(observation), deterministic=True)
        return self.actions.slates(action, observation, self.eligible(observation, allowed))

    @override
    def predict(
        self,
        observation: NDArray[Any],
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[Any] | None = None,
        deterministic: bool = False,
        allowed: ArrayLike | None = None,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        if not is_recurrent(self.algorithm):
            return super().predict(observation, state, episode_start, deterministic, allowed)
        batch = as_array(observation, "observation")
        rows = self._checked(batch[None] if batch.ndim == 1 else batch)
        with self.generators.installed():
            action, state = self._policy().predict(self._inputs(rows), state, episode_start, deterministic)
        slate = self.actions.slates(action, rows, self.eligible(rows, allowed))
        return (slate[0] if batch.ndim == 1 else slate), state

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from one step.

        Args:
            observation: (n, o) float32, from before the step.
            decision: the decision of the last `act`.
            feedback: the shoppers' answer to it, with the next observation.

        Raises:
            ValueError: an argument is invalid, or the decision is not that of the last `act`. The agent is unchanged in this
                case.
        """
        observation, decision = self._checked_step(observation, decision, feedback)
        check_observation(self.problem, feedback.next_observation, "feedback.next_observation")
        self._own(decision)
        super().update(observation, decision, feedback)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Store the feedback, which is passed to the algorithm with the next observation.

        Raises:
            ValueError: the decision is not that of the last `act`.
        """
        observation, decision = self._checked_step(observation, decision, feedback)
        following = check_observation(self.problem, feedback.next_observation, "feedback.next_observation")
        self._own(decision)
        self.last_slate = None
        self.normalizer.update(observation.take(self.columns, axis=1))
        reward = (feedback.objectives @ self.weights).astype(np.float32)
        done = feedback.terminated | feedback.truncated
        infos: list[dict[str, Any]] = [{}] * len(done)
        after = self._inputs(following)
        assert self.model is not None
        if not _collects_as_sb3(self.model):
            for row in np.flatnonzero(done):
                infos[row] = {"terminal_observation": after[row], "TimeLimit.truncated": bool(feedback.truncated[row])}
        elif feedback.truncated.any():
            # Add the value of truncated episodes for all rows at once; SB3 would compute it row by row.
            with torch.no_grad():
                values = self.model.policy.predict_values(torch.from_numpy(after[feedback.truncated]))
            reward[feedback.truncated] += self.model.gamma * values.numpy().ravel()
        self.answer = (reward, done, infos)

    @property
    def losses(self) -> dict[str, float]:
        """The latest training metrics that SB3 logged, by SB3's names, such as "train/loss" and "rollout/ep_rew_mean"."""
        return {} if self.learner is None else self.learner.logged.values

    def _own(self, decision: Decision) -> None:
        """Check that a decision is that of the last `act`."""
        if self.last_slate is None or not np.array_equal(decision.slate, self.last_slate):
            raise ValueError(
                f"{self.name} learns from its own decisions only: expected one update after each act, with its decision"
            )

    def close(self) -> None:
        """End the algorithm's thread, which otherwise ends when the agent is deleted. `predict` still works."""
        if self.learner is not None:
            self.learner.close()

    def _try(self) -> None:
        """Make a small model, so that an error in a custom class appears before a run."""
        try:
            self._policy()
        except Exception as error:  # a custom class may raise any error
            raise ValueError(
                f"{self.algorithm.__name__} cannot be made with the policy {policy_of(self.algorithm)!r}, an environment whose "
                f"action is {self.actions.words}, and {', '.join(self._defaults(2) | self.options)}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _make(self, rows: int) -> BaseAlgorithm:
        """A new algorithm for n rows, always with the same initial weights."""
        with self.generators.installed():
            return self.algorithm(policy_of(self.algorithm), self._vec_env(rows), **self._defaults(rows) | self.options)

    def _defaults(self, rows: int) -> dict[str, Any]:
        """The default options for n rows."""
        defaults = own_defaults(self.algorithm) | {"seed": self.seed % 2**32}
        if _is(self.algorithm, "PPO", "RecurrentPPO"):
            steps = max(self.options.get("n_steps") or round(ROLLOUT / rows), LEAST_STEPS)
            # At least `MINIBATCHES` minibatches of equal size, since the algorithms warn if the last one is smaller.
            parts = next((parts for parts in range(MINIBATCHES, 4 * MINIBATCHES) if steps * rows % parts == 0), 1)
            defaults |= {"n_steps": steps, "batch_size": max(steps * rows // parts, 2)}
        return defaults

    def _vec_env(self, rows: int) -> QueueVecEnv:
        return QueueVecEnv(rows, Box(-LARGEST, LARGEST, (len(self.columns),), np.float32), self.actions.space)

    def _policy(self) -> BaseAlgorithm:
        """The algorithm; before the first `act`, a small one that does not learn."""
        if self.model is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # warnings about minibatch sizes for 2 rows
                self.model = self._make(2)
        return self.model

    def _hold(self, learner: StepwiseLearner) -> None:
        self.learner = learner
        self.model = learner.model
        weakref.finalize(self, learner.vec_env.close).atexit = False  # the thread is a daemon: it does not outlive the process

    def _inputs(self, observation: Observation) -> NDArray[np.float32]:
        return self.normalizer(observation.take(self.columns, axis=1))

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
    if _is(algorithm, "PPO", "RecurrentPPO"):
        defaults |= {"n_epochs": 5, "learning_rate": 0.003}
    elif issubclass(algorithm, OffPolicyAlgorithm):
        defaults |= {"buffer_size": 100_000, "gradient_steps": 8}
    if is_discrete(algorithm):
        # The length of a run is not known, so the rate of random actions cannot decrease towards its end.
        defaults |= {"train_freq": 1, "exploration_initial_eps": 0.1, "exploration_final_eps": 0.1}
    return defaults


def algorithm_of(algorithm: str | type[BaseAlgorithm]) -> type[BaseAlgorithm]:
    """The class of an algorithm.

    Args:
        algorithm: the class, or its name.

    Raises:
        ValueError: there is no such algorithm.
        ImportError: sb3-contrib is not installed.
    """
    if isinstance(algorithm, str):
        if algorithm in CONTRIB:
            contributed: type[BaseAlgorithm] = getattr(require("sb3_contrib", "peers"), algorithm)
            return contributed
        return choose("algorithm of Stable-Baselines3", algorithm, ALGORITHMS)
    if not (isinstance(algorithm, type) and issubclass(algorithm, BaseAlgorithm)):
        raise ValueError(f"algorithm is {algorithm!r}: expected the name of one of Stable-Baselines3, or a subclass of one")
    return algorithm


def is_discrete(algorithm: type[BaseAlgorithm]) -> bool:
    """Whether the algorithm has discrete actions."""
    return _is(algorithm, "DQN", "QRDQN")


def is_recurrent(algorithm: type[BaseAlgorithm]) -> bool:
    """Whether the algorithm has a recurrent policy."""
    return _is(algorithm, "RecurrentPPO")


def has_deviation(algorithm: type[BaseAlgorithm]) -> bool:
    """Whether the algorithm's queries have a standard deviation that does not depend on the observation."""
    return _is(algorithm, "PPO", "A2C", "RecurrentPPO")


def policy_of(algorithm: type[BaseAlgorithm]) -> str:
    """The name of the SB3 policy that the algorithm is made with."""
    return "MlpLstmPolicy" if is_recurrent(algorithm) else "MlpPolicy"


def _is(algorithm: type[BaseAlgorithm], *names: str) -> bool:
    """Whether the class or one of its bases has one of these names; sb3-contrib need not be installed."""
    return any(kind.__name__ in names for kind in algorithm.__mro__)


def _collects_as_sb3(model: BaseAlgorithm) -> TypeGuard[OnPolicyAlgorithm]:
    """Whether the model is an on-policy algorithm with SB3's own rollouts, whose treatment of truncation is known."""
    return isinstance(model, OnPolicyAlgorithm) and type(model).collect_rollouts is OnPolicyAlgorithm.collect_rollouts
