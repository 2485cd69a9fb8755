"""Runs Stable-Baselines3's blocking `learn()` one step at a time in a worker thread."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Space
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvStepReturn
from typing_extensions import override

FOREVER = 2**60  # number of steps; in fact `learn` ends when the environment is closed

Randomness = tuple[Any, ...]


class Generators:
    """A separate state of the global random generators that Stable-Baselines3 draws from."""

    def __init__(self) -> None:
        self.states = self.read()

    @staticmethod
    def read() -> Randomness:
        """Return the current states of torch's, NumPy's and Python's global generators."""
        return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002

    @staticmethod
    def write(states: Randomness) -> None:
        """Set the states of the global generators."""
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Use this state within the block, and restore the previous one afterwards."""
        before = self.read()
        self.write(self.states)
        try:
            yield
        finally:
            self.states = self.read()
            self.write(before)


class QueueVecEnv(VecEnv):
    """The algorithm's environment, in which each step waits for a message.

    The first message is the observations (n, o); later ones are (observations, rewards, dones, infos), as returned by a VecEnv's
    step.

    Args:
        rows: n, the number of rows.
        observation_space: observation space of one row.
        action_space: action space of one row.
    """

    render_mode = None

    def __init__(self, rows: int, observation_space: Space[Any], action_space: Space[Any]) -> None:
        super().__init__(rows, observation_space, action_space)
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.outbox: SimpleQueue[Any] = SimpleQueue()
        self.messages: list[Any] = []  # messages since the last snapshot

    @override
    def reset(self) -> NDArray[np.float32]:
        observation: NDArray[np.float32] = self._next()
        return observation

    @override
    def step_async(self, actions: NDArray[Any]) -> None:
        self.outbox.put(actions)

    @override
    def step_wait(self) -> VecEnvStepReturn:
        message = self._next()
        self.messages.append(message)
        observation, rewards, dones, infos = message
        return observation, rewards.copy(), dones, infos  # SB3 writes into rewards

    def _next(self) -> Any:
        message = self.inbox.get()
        if message is None:
            raise _Stop
        return message

    @override
    def close(self) -> None:
        self.inbox.put(None)

    @override
    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name)] * self.num_envs

    @override
    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    @override
    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        return [getattr(self, method_name)(*method_args, **method_kwargs)] * self.num_envs

    @override
    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs


class _Stop(Exception):
    """Ends `learn` from inside the environment."""


@dataclass(frozen=True)
class Saved:
    """A run of `learn` as data: the algorithm at the start of the current rollout, and the messages since then.

    Attributes:
        model: the algorithm, as written by its `save`.
        generators: the random states at the start of the rollout.
        messages: the messages since then.
        replay: the current replay buffer and its position at the start of the rollout; None for algorithms without a buffer.
        memory: the state of a recurrent policy at the start of the rollout, which SB3's `save` omits; None for other policies.
        random_actions: the state of the generator of random actions at the start of the rollout, which SB3's `load` reseeds.
    """

    model: bytes
    generators: Randomness
    messages: list[Any]
    replay: tuple[ReplayBuffer, int, bool] | None
    memory: Any
    random_actions: Any


class Logged(KVWriter):
    """Keeps the latest numbers that an algorithm logged, by SB3's names, such as "train/loss" and "time/iterations"."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Keep the logged numbers.

        Args:
            key_values: logged values by name.
            key_excluded: output formats that omit a value; not used.
            step: step of the algorithm; not used.
        """
        self.values |= {name: float(value) for name, value in key_values.items() if isinstance(value, int | float | np.number)}

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class StepwiseLearner:
    """Runs an algorithm's `learn` in a thread, one step at a time: from a message to the action that answers it.

    The caller waits while the thread works, so results do not depend on timing. The thread ends soon after `close`. It refers to
    the algorithm and its environment but not to the agent, so that an unused agent can be garbage-collected.

    Args:
        model: an algorithm on a `QueueVecEnv`.
        fresh: whether `learn` starts with a first observation; otherwise it continues from the last one.
    """

    def __init__(self, model: BaseAlgorithm, fresh: bool = True) -> None:
        vec_env = model.env
        assert isinstance(vec_env, QueueVecEnv)
        self.model = model
        self.vec_env = vec_env
        self.failure: BaseException | None = None
        self._snapshots = _Snapshots(vec_env)
        self.logged = Logged()
        model.set_logger(Logger(folder=None, output_formats=[self.logged]))
        Thread(target=_learn, args=(model, vec_env, self._snapshots, fresh), daemon=True, name=type(model).__name__).start()

    def send(self, message: Any) -> NDArray[np.float32]:
        """Send a message and wait for the actions.

        Args:
            message: observations (n, o) in the first message, later (observations, rewards, dones, infos).

        Returns:
            Actions (n, ...).

        Raises:
            Exception: the error that the algorithm raised, in this call or an earlier one.
        """
        if self.failure is None:
            self.vec_env.inbox.put(message)
        return self.receive()

    def receive(self) -> NDArray[np.float32]:
        """Wait for the actions (n, ...)."""
        answer = self.failure or self.vec_env.outbox.get()
        if isinstance(answer, BaseException):
            self.failure = answer
            raise answer
        actions: NDArray[np.float32] = answer
        return actions

    def close(self) -> None:
        """End the thread."""
        self.failure = self.failure or RuntimeError("the algorithm was closed: it can still predict, but no longer learn")
        self.vec_env.close()

    def save(self) -> Saved:
        """Return the run as data for `load`."""
        model, generators, position, memory, random_actions = self._snapshots.last
        buffer: ReplayBuffer | None = getattr(self.model, "replay_buffer", None)
        replay = None if buffer is None else (deepcopy(buffer), *position)
        return Saved(model, generators, list(self.vec_env.messages), replay, memory, random_actions)

    @staticmethod
    def load(saved: Saved, algorithm: type[BaseAlgorithm], vec_env: QueueVecEnv) -> StepwiseLearner:
        """Continue a saved run by replaying the messages of the rollout with the same random numbers, to the same actions.

        Args:
            saved: the result of `save`.
            algorithm: the class of the model.
            vec_env: a new environment of the same size.
        """
        Generators.write(saved.generators)
        states = Generators.read()
        model = algorithm.load(BytesIO(saved.model), env=vec_env, device="cpu", force_reset=False)
        if saved.replay is not None:
            buffer, position, full = saved.replay
            buffer.pos, buffer.full = position, full
            assert isinstance(model, OffPolicyAlgorithm)
            model.replay_buffer = buffer
        if saved.memory is not None:
            vars(model)["_last_lstm_states"] = deepcopy(saved.memory)
        model.action_space.np_random.bit_generator.state = saved.random_actions
        Generators.write(states)  # loading reseeds the generators
        learner = StepwiseLearner(model, fresh=False)
        learner.receive()
        for message in saved.messages:
            learner.send(message)
        return learner


class _Snapshots(BaseCallback):
    """Keeps a copy of the algorithm at the start of each rollout."""

    def __init__(self, vec_env: QueueVecEnv) -> None:
        super().__init__()
        self.vec_env = vec_env

    def _on_rollout_start(self) -> None:
        content = BytesIO()
        self.model.save(content)
        buffer = getattr(self.model, "replay_buffer", None)
        position = () if buffer is None else (buffer.pos, buffer.full)
        memory = deepcopy(getattr(self.model, "_last_lstm_states", None))
        random_actions = deepcopy(self.model.action_space.np_random.bit_generator.state)
        self.last = content.getvalue(), Generators.read(), position, memory, random_actions
        self.vec_env.messages = []

    def _on_step(self) -> bool:
        return True


def _learn(model: BaseAlgorithm, vec_env: QueueVecEnv, snapshots: _Snapshots, fresh: bool) -> None:
    try:
        model.learn(FOREVER, callback=snapshots, reset_num_timesteps=fresh)
    except _Stop:
        pass
    except BaseException as error:  # raised again by `receive`
        vec_env.outbox.put(error)
