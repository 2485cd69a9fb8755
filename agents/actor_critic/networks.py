"""The actor and the critics with their optimizers: prediction, training, saving and new items."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.actor_critic.modules import Actor, Critics
from slategym.agents.actor_critic.states import Seen
from slategym.agents.base import Problem
from slategym.agents.policy_gradient.network import arrays, tensors
from slategym.agents.predictors.checks import device_of, on_cpu
from slategym.utils.standardize import standardised, standardised_as

BUILT = ("actor", "critics", "optimizers", "device")  # attributes that are rebuilt when loading
OF_ITEMS = ("towers.own", "towers.bias")  # parameters with a row for each item


class Networks:
    """The actor and the critics of a problem, on a device.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the initial weights.
        inputs: number of input columns of the actor.
        memory: "none", "gru" or "attention".
        hidden: units of a hidden layer.
        width: length of the vectors of the towers and of the memory.
        rates: learning rates of the actor and of the critics (Adam).
        device: name of the torch device.

    Raises:
        ValueError: there is no such device.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        inputs: int,
        memory: str,
        hidden: int,
        width: int,
        rates: tuple[float, float],
        device: str,
    ) -> None:
        self.problem, self.seed = problem, seed
        self.inputs, self.memory, self.hidden, self.width, self.rates = inputs, memory, hidden, width, rates
        self._build(device)

    def _build(self, device: str) -> None:
        """Make the networks, with their initial weights, and their optimizers."""
        problem = self.problem
        self.device = device_of(device)
        features = problem.features if problem.features.shape[1] else np.ones((problem.items, 1), np.float32)
        remembered = 0 if self.memory == "none" else self.width
        with torch.random.fork_rng(devices=[]):  # torch draws initial weights from its global generator, which must not change
            torch.manual_seed(self.seed)
            actor = Actor(standardised(features).astype(np.float32), self.inputs, self.hidden, self.width, self.memory)
            sizes = problem.seen_columns + remembered, self.hidden, len(problem.objective_names), problem.slate_size + 1
            critics = Critics(*sizes)
        self.actor, self.critics = actor.to(self.device), critics.to(self.device)
        own = [self.actor.towers.own, self.actor.towers.bias]
        shared = [each for each in self.actor.parameters() if all(each is not other for other in own)]
        of_critics = torch.optim.Adam(self.critics.parameters(), lr=self.rates[1], fused=True)
        self.optimizers: list[torch.optim.Optimizer] = [of_critics]
        if problem.candidates is None:
            self.optimizers.append(torch.optim.Adam(self.actor.parameters(), lr=self.rates[0], fused=True))
        else:  # among the items' own parameters, only those of the candidates change
            self.optimizers.append(torch.optim.Adam(shared, lr=self.rates[0], fused=True))
            self.optimizers.append(torch.optim.SparseAdam(own, lr=self.rates[0]))

    # ---- prediction

    def scores(self, seen: Seen) -> Tensor:
        """(n, m) the actor's scores, or (n, C) for candidates.

        Args:
            seen: inputs of n shoppers.
        """
        scores: Tensor = self.actor(self._known(seen), seen.candidates)
        return scores

    def expected(self, seen: Seen) -> Tensor:
        """(n, M, k + 1) the critics' outputs. The critics get the memory's vector, but their gradients do not train the memory.

        Args:
            seen: inputs of n shoppers.
        """
        with torch.no_grad():
            vector = self._known(seen)[:, self.inputs :]
        expected: Tensor = self.critics(torch.cat([seen.every, vector], dim=1))
        return expected

    def _known(self, seen: Seen) -> Tensor:
        """(n, inputs) the actor's inputs, with the vector of previous clicks if there is a memory."""
        known: Tensor = self.actor.known(seen.x, seen.past, sparse=seen.candidates is not None)
        return known

    # ---- training

    def teach_actor(self, scores: Tensor, gradient: NDArray[np.float32]) -> None:
        """Take a gradient step of the actor (Adam).

        Args:
            scores: (n, m), the actor's scores.
            gradient: (n, m), the gradient of the loss by the scores.
        """
        for optimizer in self.optimizers[1:]:
            optimizer.zero_grad()
        scores.backward(torch.from_numpy(gradient).to(self.device))
        for optimizer in self.optimizers[1:]:
            optimizer.step()

    def teach_critics(self, seen: Seen, target: NDArray[np.float32]) -> Tensor:
        """Take a gradient step of the critics (Adam); return their mean squared error before the step.

        Args:
            seen: inputs of n shoppers.
            target: (n, M, k + 1), targets of the outputs.
        """
        loss = (self.expected(seen) - torch.from_numpy(target).to(self.device)).square().mean()
        self.optimizers[0].zero_grad()
        loss.backward()
        self.optimizers[0].step()
        return loss.detach()

    # ---- saving

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, with networks and optimizers as arrays."""
        state = {name: value for name, value in self.__dict__.items() if name not in BUILT}
        state["device_name"] = str(self.device)
        state["weights"] = [arrays(on_cpu(dict(network.state_dict()))) for network in (self.actor, self.critics)]
        state["moments"] = [arrays(on_cpu(optimizer.state_dict()["state"])) for optimizer in self.optimizers]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = dict(state)
        weights, moments, device = kept.pop("weights"), kept.pop("moments"), kept.pop("device_name")
        self.__dict__.update(kept)
        self._build(device)
        for network, values in zip((self.actor, self.critics), weights, strict=True):
            network.load_state_dict(tensors(values))
        for optimizer, values in zip(self.optimizers, moments, strict=True):
            optimizer.load_state_dict({**optimizer.state_dict(), "state": tensors(values)})

    def grow(self, problem: Problem) -> None:
        """Add new items, which start with the score of their features and own parameters of 0.

        Args:
            problem: the problem with the new items.
        """
        state, before = self.__getstate__(), self.problem.items
        further, actor = problem.items - before, state["weights"][0]
        if problem.features.shape[1]:
            features = standardised_as(problem.features[before:], self.problem.features).astype(np.float32)
        else:
            features = np.zeros((further, 1), np.float32)
        actor["towers.features"] = np.concatenate([actor["towers.features"], features])
        every = [name for name, _ in self.actor.named_parameters()]
        names = every if problem.candidates is None else list(OF_ITEMS)
        for name in OF_ITEMS:
            actor[name] = np.pad(actor[name], ((0, further), (0, 0)))
            moments = state["moments"][-1].get(names.index(name), {})
            moments |= {key: np.pad(array, ((0, further), (0, 0))) for key, array in moments.items() if np.ndim(array) == 2}
        self.__setstate__({**state, "problem": problem})
