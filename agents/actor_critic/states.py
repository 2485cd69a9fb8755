"""States of shoppers in an actor-critic: arrays that can be stored, and the tensors that the networks get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.base import Observation, Problem
from slategym.agents.common.click_history import EMPTY, ITEM, NONE, told_of
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.utils.short_repr import Brief

Past = tuple[Tensor, Tensor]  # (n, L) clicked items, 0 where there are fewer clicks, and (n, L, 3) the columns of `told_of`
State = NDArray[np.float32]  # (n, o + 3 L) the observations, followed by the events of the last clicks


@dataclass(frozen=True, repr=False)
class Seen(Brief):
    """The inputs of the networks for n shoppers.

    Attributes:
        x: (n, inputs) float32, standardised inputs of the actor.
        every: (n, o - C) float32, standardised inputs of the critics.
        past: the previous clicks; None without a memory.
        candidates: (n, C) int64; None if every item can be shown.
    """

    x: Tensor
    every: Tensor
    past: Past | None
    candidates: Tensor | None


class States:
    """Makes states from observations and previous clicks, and tensors from states.

    Args:
        problem: defines the observations.
        inputs: inputs of the actor: "all" of the observation, or its "context" alone, if there is one.
        history: L, the number of previous clicks in a state.

    Attributes:
        columns: (inputs,) the columns of the observation that the actor gets.
        normalizer: standardises the columns of the observation.
    """

    def __init__(self, problem: Problem, inputs: Literal["all", "context"], history: int) -> None:
        self.problem, self.history = problem, history
        in_context = inputs == "context" and "context" in problem.fields
        self.columns = problem.context() if in_context else np.arange(problem.seen_columns)
        self.normalizer = RunningNormalizer(problem.seen_columns)

    def of(self, observation: Observation, events: NDArray[np.int32]) -> State:
        """(n, o + 3 L) the states of shoppers, in a new array.

        Args:
            observation: (n, o) float32.
            events: (n, L, 3), in the form of `ClickHistory`.
        """
        return np.concatenate([observation, events.reshape(len(observation), -1)], axis=1, dtype=np.float32)

    def observation(self, state: State) -> Observation:
        """(n, o) the observations of states.

        Args:
            state: (n, o + 3 L).
        """
        return state[:, : self.problem.layout.size]

    def __call__(self, state: State, device: torch.device) -> Seen:
        """The inputs of the networks for states.

        Args:
            state: (n, o + 3 L).
            device: device of the networks.
        """

        def tensor(values: NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        observation, past = self.observation(state), None
        every, candidates = self.normalizer(self.problem.seen(observation)), self.problem.candidates_in(observation)
        if self.history:
            events = state[:, self.problem.layout.size :].reshape(len(state), self.history, len(EMPTY)).astype(np.int32)
            items = np.where(events[..., ITEM] == NONE, 0, events[..., ITEM]).astype(np.int64)
            past = tensor(items), tensor(told_of(events))
        offered = None if candidates is None else tensor(candidates)
        return Seen(tensor(every[:, self.columns]), tensor(every), past, offered)
