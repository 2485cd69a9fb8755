"""REINFORCE over slates, with a two-tower network in torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.history import DecisionHistory
from slategym.agents.common.noise import blocks, gumbels
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.policy_gradient.nash_mtl import nash_weights
from slategym.agents.policy_gradient.plackett_luce import gradient, log_propensity
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k
from slategym.utils.standardize import standardised

HORIZON = 20_000  # slates over which baselines forget, as the policy improves
LEAST_LOG = -80.0  # of a propensity: above the smallest float32


class TwoTowers(nn.Module):
    """Scores of every item for every shopper: the inner product of what two towers make of them, and the item's own bias.

    The shopper's tower is a hidden layer beside a linear map; the item's a linear map of its features plus a vector of its own.
    """

    features: Tensor

    def __init__(self, features: NDArray[np.float32], inputs: int, hidden: int, width: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.from_numpy(features))  # (m, d)
        self.direct = nn.Linear(inputs, width)
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.item = nn.Linear(features.shape[1], width)
        self.own = nn.Parameter(torch.zeros(len(features), width))
        self.bias = nn.Parameter(torch.zeros(len(features), 1))
        with torch.no_grad():  # begin near the uniform policy
            self.direct.weight.mul_(0.1)
            for weight in self.hidden[2].parameters():
                weight.mul_(0.1)

    def forward(self, x: Tensor, candidates: Tensor | None = None) -> Tensor:
        """(n, m) scores for inputs (n, o), or (n, C) for candidates (n, C), with sparse gradients of what is an item's own."""
        shopper = self.direct(x) + self.hidden(x)  # (n, width)
        if candidates is None:
            item = self.item(self.features) + self.own  # (m, width)
            return torch.addmm(self.bias[:, 0], shopper, item.T)
        own, bias = (functional.embedding(candidates, each, sparse=True) for each in (self.own, self.bias))
        item = self.item(self.features[candidates]) + own  # (n, C, width)
        return torch.baddbmm(bias, item, shopper[:, :, None])[:, :, 0]


class PolicyGradient(Agent):
    """REINFORCE (Williams, 1992) with a baseline, on slates drawn from a Plackett-Luce model by Gumbel top-k.

    Each rank's choice is credited with what its own item earned: what an item takes from the ranks below by standing above is
    left out, which is a small bias (with falling examination the greedy choice at each rank is the best) for about 1 / k of the
    variance. Each objective has its own advantage, the outcome minus a running mean per rank; they are mixed by the scalarizer's
    weights, and only the sum is normalised, by what their running second moments say of it, so that new weights count at once.
    Inputs are standardised by running moments. A delayed conversion is credited when it comes, to the shopper and slate as they
    were.

    Args:
        learning_rate: of Adam.
        entropy: weight of the entropy of the first choice, which keeps the policy from settling before it has looked around.
        settle: slates after which that weight is half of what it was; it falls as 1 / (1 + slates / settle), since where rates
            are low even a small one would outweigh what there is to gain.
        part: slates per gradient step; larger batches are split, smaller ones are collected.
        direction: "sum" goes up the weighted sum; "nash" in each step where the product of the objectives' improvements is
            largest, whatever their units and the scalarizer's weights (`nash_weights`, Nash-MTL, by the gradients of what items
            share).
        hidden: units of the hidden layer.
        width: length of the towers' vectors.
    """

    name = "policy-gradient"

    @property
    def conditions(self) -> int:
        """How many inputs the network has besides what it sees of the shopper."""
        return 0

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        learning_rate: float = 0.003,
        entropy: float = 0.1,
        settle: int = 20_000,
        part: int = 250,
        direction: str = "sum",
        hidden: int = 64,
        width: int = 32,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        above = {"learning_rate": learning_rate, "settle": settle, "part": part, "hidden": hidden, "width": width}
        for name, number in above.items():
            if not 0 < number < np.inf:
                raise ValueError(f"{name} is {number}: expected a number above 0")
        if not 0 <= entropy < np.inf:
            raise ValueError(f"entropy is {entropy}: expected a number from 0")
        if direction not in ("sum", "nash"):
            raise ValueError(f"direction is {direction!r}: expected 'sum' or 'nash'")
        self.direction = direction
        self.entropy = entropy
        self.settle = settle
        self.part = part
        features = problem.features if problem.features.shape[1] else np.ones((problem.items, 1), np.float32)
        features = standardised(features).astype(np.float32)
        with torch.random.fork_rng(devices=[]):  # torch draws first weights from its global generator: leave that as it was
            torch.manual_seed(self.seed)
            self.network = TwoTowers(features, problem.seen_columns + self.conditions, hidden, width)
        own = [self.network.own, self.network.bias]
        self.shared = [each for each in self.network.parameters() if all(each is not other for other in own)]
        if problem.candidates is None:
            self.optimizers: list[torch.optim.Optimizer] = [
                torch.optim.Adam(self.network.parameters(), lr=learning_rate, fused=True)
            ]
        else:  # of what is the items' own, only that of the candidates moves
            self.optimizers = [
                torch.optim.Adam(self.shared, lr=learning_rate, fused=True),
                torch.optim.SparseAdam(own, lr=learning_rate),
            ]
        self.outcomes = ItemCredit(problem)
        self.history = DecisionHistory(problem.longest_delay)
        self.standardiser = RunningNormalizer(problem.seen_columns)
        self.baseline = np.zeros((problem.slate_size, len(problem.objective_names)))
        self.moments = np.zeros((len(problem.objective_names), len(problem.objective_names)))
        self.collected: list[tuple[Observation, NDArray[np.int64], NDArray[np.float64]]] = []

    def choose(self, observation: Observation) -> Decision:
        """Draw slates; propensities are exact."""
        return self._draw(self._with_weights(self._checked(observation)))

    @torch.no_grad()
    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) the most probable slates."""
        return top_k(self._scores(self._with_weights(self._checked(observation))).numpy(), self.problem.slate_size)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Turn outcomes into advantages, and take a gradient step for each `part` of slates."""
        observation, decision = self._checked_step(observation, decision, feedback)
        n = len(observation)
        outcomes = self.outcomes(feedback, self.problem.shown(observation, decision.slate))
        share = n / min(self.slates, HORIZON) if n < HORIZON else 1.0
        self.standardiser.update(self.problem.seen(observation))
        delayed = np.zeros_like(self.baseline)
        np.add.at(delayed, feedback.delayed.rank, self.outcomes.delayed(feedback))
        self.baseline += share * (outcomes.mean(axis=0) + delayed / n - self.baseline)
        advantage = outcomes - self.baseline  # (n, k, M)
        flat = advantage.reshape(-1, len(self.moments))
        self.moments += share * (flat.T @ flat / len(flat) - self.moments)
        asked = self._shown(observation)
        self.collected.append((asked.copy(), decision.slate.copy(), advantage))

        recalled = self.history.recall(feedback.delayed)
        if recalled is not None:
            credit = np.zeros((*recalled.slate.shape, len(self.moments)))
            credit[np.arange(len(credit)), recalled.delayed.rank] = self.outcomes.delayed(feedback, recalled.delayed)
            self.collected.append((recalled.observation, recalled.slate, credit))
        self.history.remember(asked, decision)

        if sum(len(rows) for rows, _, _ in self.collected) >= self.part:
            self._train(*(np.concatenate(arrays) for arrays in zip(*self.collected, strict=True)))
            self.collected = []

    def mixed(self, advantage: NDArray[np.float64], inputs: Observation) -> NDArray[np.float64]:
        """(n, k) the weighted sum of the advantages, scaled to a variance of one.

        Args:
            advantage: (n, k, M), by objective.
            inputs: (n, i) of the network, which a subclass may read weights from.
        """
        weights = self.weights
        return np.asarray(advantage @ weights / np.sqrt(weights @ self.moments @ weights + 1e-12))

    @torch.no_grad()
    def _draw(self, asked: Observation) -> Decision:
        n, k = len(asked), self.problem.slate_size
        slate = np.empty((n, k), np.int64)
        propensity = np.empty((n, k), np.float32)
        for rows in blocks(n):
            score = self._scores(asked[rows])
            slate[rows] = top_k(score.numpy() + gumbels(self.random, score.shape), k)
            propensity[rows] = np.exp(np.clip(log_propensity(score.numpy(), slate[rows]), LEAST_LOG, 0))
        return Decision(slate, propensity)

    def _train(self, asked: Observation, slate: NDArray[np.int64], advantage: NDArray[np.float64]) -> None:
        entropy = self.entropy / (1 + self.slates / self.settle)
        mixed = self.mixed(advantage, asked).astype(np.float32)
        n = len(asked)
        for rows in np.array_split(self.random.permutation(n), max(n // self.part, 1)):
            score = self._scores(asked[rows])
            if self.direction == "nash":
                mixed[rows] = self._bargained(score, slate[rows], advantage[rows])
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            score.backward(torch.from_numpy(gradient(score.detach().numpy(), slate[rows], mixed[rows], entropy)))
            for optimizer in self.optimizers:
                optimizer.step()

    def _bargained(self, score: Tensor, slate: NDArray[np.int64], advantage: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, k) advantages (n, k, M) mixed so that what items share goes in the direction of the bargaining solution."""
        spread = np.sqrt(np.maximum(np.diag(self.moments), 1e-12))
        normal, scores = advantage / spread, score.detach().numpy()
        each = [gradient(scores, slate, normal[:, :, number].astype(np.float32), 0.0) for number in range(len(spread))]
        found = [torch.autograd.grad(score, self.shared, torch.from_numpy(up), retain_graph=True) for up in each]
        stacked = torch.stack([torch.cat([part.ravel() for part in parts]) for parts in found]).double().numpy()
        gram, weights = stacked @ stacked.T, np.zeros(len(spread))
        there = np.diag(gram) > 0
        if there.any():
            try:
                weights[there] = nash_weights(gram[np.ix_(there, there)])
            except ValueError:  # no direction improves all: each alike
                weights[there] = 1 / np.sqrt(np.diag(gram)[there])
        variance = weights @ (self.moments / np.outer(spread, spread)) @ weights
        return np.asarray(normal @ weights / np.sqrt(variance + 1e-12))

    def _with_weights(self, observation: Observation) -> Observation:
        """What the network is asked with for observations (n, o): the same, and the conditions behind it."""
        return observation

    def _shown(self, observation: Observation) -> Observation:
        """What it was asked with when the slates that these observations belong to were drawn."""
        return observation

    def _given(self, asked: Observation) -> Observation:
        """(n, o) the observations alone."""
        return asked[:, : self.problem.layout.size]

    def _inputs(self, asked: Observation) -> NDArray[np.float32]:
        """(n, o + conditions) what the network reads."""
        return self.standardiser(self.problem.seen(self._given(asked)))

    def _scores(self, asked: Observation) -> Tensor:
        """(n, m) the network's scores, or (n, C) of the candidates."""
        candidates = self.problem.candidates_in(self._given(asked))
        x = torch.from_numpy(self._inputs(asked))
        scores: Tensor = self.network(x, None if candidates is None else torch.from_numpy(candidates))
        return scores
