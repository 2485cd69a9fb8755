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
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvStepReturn
from typing_extensions import override

FOREVER = 2**60  # steps: `learn` ends when nobody needs it any more

Randomness = tuple[Any, ...]


class Generators:
    """A state of the global random generators that Stable-Baselines3 draws from, so that a run can have them to itself."""

    def __init__(self) -> None:
        self.states = self.read()

    @staticmethod
    def read() -> Randomness:
        """The present states of torch, NumPy and Python."""
        return torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002

    @staticmethod
    def write(states: Randomness) -> None:
        """Go on from these states."""
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In the block the generators are ours; afterwards they are as they were."""
        before = self.read()
        self.write(self.states)
        try:
            yield
        finally:
            self.states = self.read()
            self.write(before)


class QueueVecEnv(VecEnv):
    """The environment that the algorithm believes in: each step waits for a message.

    Messages are the observations (n, o) at first and then (observations, rewards, dones, infos), as a VecEnv's step returns them.
    """

    render_mode = None

    def __init__(self, rows: int, observation_space: Space[Any], action_space: Space[Any]) -> None:
        super().__init__(rows, observation_space, action_space)
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.outbox: SimpleQueue[Any] = SimpleQueue()
        self.since: list[Any] = []  # messages after the last snapshot

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
        self.since.append(message)
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
    """A run of `learn` as data: the algorithm at the start of the present rollout, and all that has come in since.

    Attributes:
        model: as the algorithm's own `save` writes it.
        generators: the random states at that moment.
        since: the messages after it.
        replay: the replay buffer now, and its position then; None for algorithms without one.
    """

    model: bytes
    generators: Randomness
    since: list[Any]
    replay: tuple[ReplayBuffer, int, bool] | None


class StepwiseLearner:
    """Runs an algorithm's `learn` in a thread that works only between a message and the action that answers it.

    The caller waits meanwhile, so the two take turns, nothing depends on timing, and the thread is gone soon after `close`. The
    thread knows the algorithm and its bridge, but nothing of the agent, so that an agent that nobody holds can go.

    Args:
        model: an algorithm on a `QueueVecEnv`.
        fresh: whether it begins; else it goes on from its last observation.
    """

    def __init__(self, model: BaseAlgorithm, fresh: bool = True) -> None:
        bridge = model.env
        assert isinstance(bridge, QueueVecEnv)
        self.model = model
        self.bridge = bridge
        self.failure: BaseException | None = None
        self._snapshots = _Snapshots(bridge)
        model.set_logger(Logger(folder=None, output_formats=[]))
        Thread(target=_learn, args=(model, bridge, self._snapshots, fresh), daemon=True, name=type(model).__name__).start()

    def send(self, message: Any) -> NDArray[np.float32]:
        """Hand in a message and wait for the actions (n, ...).

        Raises:
            Exception: whatever the algorithm raised, now or before.
        """
        if self.failure is None:
            self.bridge.inbox.put(message)
        return self.receive()

    def receive(self) -> NDArray[np.float32]:
        """Wait for the actions."""
        answer = self.failure or self.bridge.outbox.get()
        if isinstance(answer, BaseException):
            self.failure = answer
            raise answer
        actions: NDArray[np.float32] = answer
        return actions

    def close(self) -> None:
        """End the thread."""
        self.failure = self.failure or RuntimeError("the algorithm was closed: it can predict and no longer learn")
        self.bridge.close()

    def save(self) -> Saved:
        """The run as data, from which `load` comes to the same moment."""
        model, generators, position = self._snapshots.last
        buffer: ReplayBuffer | None = getattr(self.model, "replay_buffer", None)
        replay = None if buffer is None else (deepcopy(buffer), *position)
        return Saved(model, generators, list(self.bridge.since), replay)

    @staticmethod
    def load(saved: Saved, algorithm: type[BaseAlgorithm], bridge: QueueVecEnv) -> StepwiseLearner:
        """Go on from a saved run: the rollout is gone through again, to the same actions, on the same random numbers."""
        Generators.write(saved.generators)
        states = Generators.read()
        model = algorithm.load(BytesIO(saved.model), env=bridge, device="cpu", force_reset=False)
        if saved.replay is not None:
            buffer, position, full = saved.replay
            buffer.pos, buffer.full = position, full
            assert isinstance(model, OffPolicyAlgorithm)
            model.replay_buffer = buffer
        Generators.write(states)  # loading seeds them
        turns = StepwiseLearner(model, fresh=False)
        turns.receive()
        for message in saved.since:
            turns.send(message)
        return turns


class _Snapshots(BaseCallback):
    """Keeps the algorithm as it is at the start of each rollout."""

    def __init__(self, bridge: QueueVecEnv) -> None:
        super().__init__()
        self.bridge = bridge

    def _on_rollout_start(self) -> None:
        content = BytesIO()
        self.model.save(content)
        buffer = getattr(self.model, "replay_buffer", None)
        self.last = content.getvalue(), Generators.read(), () if buffer is None else (buffer.pos, buffer.full)
        self.bridge.since = []

    def _on_step(self) -> bool:
        return True


def _learn(model: BaseAlgorithm, bridge: QueueVecEnv, snapshots: _Snapshots, fresh: bool) -> None:
    try:
        model.learn(FOREVER, callback=snapshots, reset_num_timesteps=fresh)
    except _Stop:
        pass
    except BaseException as error:  # raised again where the action is awaited
        bridge.outbox.put(error)
