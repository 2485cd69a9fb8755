"""Stable-Baselines3's algorithms as agents."""

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
LEAST_STEPS = 2  # of a rollout
MINIBATCHES = 8  # of a rollout
ALGORITHMS: dict[str, type[BaseAlgorithm]] = {kind.__name__: kind for kind in (PPO, A2C, SAC, TD3, DDPG, DQN)}


class SB3(Agent):
    """An algorithm of Stable-Baselines3 on the query action, a point among the item features whose best matches are the slate.

    Algorithms of few actions, DQN and QR-DQN, choose one of `slates` directions among the item features instead. The algorithm's
    `learn` runs one step for each pair of `act` and `update`, which must alternate. Rewards are the scalarizer's weights times
    the objectives; observations are standardised. The density of queries gives no probability of slates, so propensities are NaN.

    RecurrentPPO remembers each row's visits while it serves, and `predict` takes and returns its state, as SB3's does; `choose`
    and `best` begin without memory.

    Args:
        problem: what slates are chosen from.
        seed: of the algorithm.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        algorithm: the name of its class, such as "PPO", or a class: a subclass of an SB3 algorithm, or one of sb3-contrib.
        fields: the fields of the observation that it sees; "context" if None, or all if there is no such field.
        slates: the number of directions that DQN and QR-DQN choose from.
        log_std_init: the logarithm of the first standard deviation of PPO's and A2C's queries, in `policy_kwargs`.
        options: arguments of that class. Defaults that differ from SB3's are those of `own_defaults`. Subclasses have the same.

    Raises:
        ValueError: there is no such algorithm or option, or the class cannot be made on its action.
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
            raise ValueError(f"{self.name} chooses items by their features, and they have none: give them some, or take lin-ts")
        self.options = options
        if log_std_init is not None:
            if not has_deviation(self.algorithm):
                raise ValueError(
                    f"{self.name} has no log_std_init: PPO's and A2C's queries have a standard deviation of their own"
                )
            kwargs = options.get("policy_kwargs") or {}
            self.options = options | {"policy_kwargs": kwargs | {"log_std_init": log_std_init}}
        self.columns = problem.context(fields)
        if fields is None and not len(self.columns):
            self.columns = np.arange(problem.seen_columns)
        self.normalizer = RunningNormalizer(len(self.columns))
        self.actions = DirectionActions(problem, self.seed, slates) if is_discrete(self.algorithm) else QueryActions(problem)
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
            action = self.learner.send((standard, *self.answer) if self.answer else standard)
        self.last_slate = self.actions.slates(action, observation, mask)
        return self._decision(self.last_slate.copy())

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw slates from the present policy, without a step of the algorithm."""
        observation = self._checked(observation)
        with self.generators.installed():
            action, _ = self._policy().predict(self._inputs(observation), deterministic=False)
        return self._decision(self.actions.slates(action, observation, allowed))

    own_slates_only = True  # what it can learn from

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """Refuses: the probability of a slate is an integral over the actions that lead to it.

        Raises:
            NotImplementedError: always.
        """
        raise unknown(self, "save its model and take sb3:my_model.zip, which always shows the slate of its most probable action")

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
            # The value of truncated episodes, for all rows at once, where SB3 would compute it row by row.
            with torch.no_grad():
                values = self.model.policy.predict_values(torch.from_numpy(after[feedback.truncated]))
            reward[feedback.truncated] += self.model.gamma * values.numpy().ravel()
        self.answer = (reward, done, infos)

    @property
    def losses(self) -> dict[str, float]:
        """What SB3 logged last of its training, by SB3's names: "train/loss", "rollout/ep_rew_mean"."""
        return {} if self.learner is None else self.learner.logged.values

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
                f"{self.algorithm.__name__} cannot be made with the policy {policy_of(self.algorithm)!r}, an environment whose "
                f"action is {self.actions.words}, and {', '.join(self._defaults(2) | self.options)}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _make(self, rows: int) -> BaseAlgorithm:
        """A new algorithm for n rows, always with the same first weights."""
        with self.generators.installed():
            return self.algorithm(policy_of(self.algorithm), self._vec_env(rows), **self._defaults(rows) | self.options)

    def _defaults(self, rows: int) -> dict[str, Any]:
        """The default options for n rows."""
        defaults = own_defaults(self.algorithm) | {"seed": self.seed % 2**32}
        if _is(self.algorithm, "PPO", "RecurrentPPO"):
            steps = max(self.options.get("n_steps") or round(ROLLOUT / rows), LEAST_STEPS)
            # About so many minibatches, of one size: the algorithms warn of a last one that is smaller.
            parts = next((parts for parts in range(MINIBATCHES, 4 * MINIBATCHES) if steps * rows % parts == 0), 1)
            defaults |= {"n_steps": steps, "batch_size": max(steps * rows // parts, 2)}
        return defaults

    def _vec_env(self, rows: int) -> QueueVecEnv:
        return QueueVecEnv(rows, Box(-LARGEST, LARGEST, (len(self.columns),), np.float32), self.actions.space)

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
        # A run has no last step that is known, so the rate of random actions cannot fall towards it.
        defaults |= {"train_freq": 1, "exploration_initial_eps": 0.1, "exploration_final_eps": 0.1}
    return defaults


def algorithm_of(algorithm: str | type[BaseAlgorithm]) -> type[BaseAlgorithm]:
    """The class of an algorithm.

    Args:
        algorithm: the class, or its name.

    Raises:
        ValueError: there is none.
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
    """Whether it answers with one of a few actions."""
    return _is(algorithm, "DQN", "QRDQN")


def is_recurrent(algorithm: type[BaseAlgorithm]) -> bool:
    """Whether it has a memory."""
    return _is(algorithm, "RecurrentPPO")


def has_deviation(algorithm: type[BaseAlgorithm]) -> bool:
    """Whether its queries have a standard deviation that does not depend on the observation."""
    return _is(algorithm, "PPO", "A2C", "RecurrentPPO")


def policy_of(algorithm: type[BaseAlgorithm]) -> str:
    """The name of the policy that it is made with."""
    return "MlpLstmPolicy" if is_recurrent(algorithm) else "MlpPolicy"


def _is(algorithm: type[BaseAlgorithm], *names: str) -> bool:
    """Whether it is a class of one of these names, or extends one; sb3-contrib need not be installed."""
    return any(kind.__name__ in names for kind in algorithm.__mro__)


def _collects_as_sb3(model: BaseAlgorithm) -> TypeGuard[OnPolicyAlgorithm]:
    """Whether it is an on-policy algorithm with SB3's own rollouts, whose treatment of truncation is known."""
    return isinstance(model, OnPolicyAlgorithm) and type(model).collect_rollouts is OnPolicyAlgorithm.collect_rollouts
