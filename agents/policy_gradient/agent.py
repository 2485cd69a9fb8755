"""REINFORCE over slates, with a two-tower network in torch."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.eligibility import stacked
from slategym.agents.choosing.noise import blocks, gumbels
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.history import DecisionHistory, Recalled
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.common.pooling import ManyRows, count, is_pooled, mean, pooled_total
from slategym.agents.policy_gradient.batch import Batch
from slategym.agents.policy_gradient.directions.names import DIRECTIONS
from slategym.agents.policy_gradient.network import TwoTowers, arrays, tensors
from slategym.agents.policy_gradient.plackett_luce import model_of
from slategym.agents.policy_gradient.returns import Returns, Visit
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share
from slategym.utils.standardize import standardised, standardised_as

HORIZON = 20_000  # slates over which baselines are averaged; a finite number, because the policy improves
LEAST_LOG = -80.0  # smallest log-propensity; its exponential is above the smallest float32


class PolicyGradient(Agent):
    """REINFORCE (Williams, 1992) with a baseline, on slates drawn from a Plackett-Luce model by Gumbel top-k.

    Each batch is learned from several times; each choice is weighted by the ratio of its present probability to its propensity,
    cut off at `largest_ratio` (truncated importance sampling, Ionides, 2008). The choice at each rank is credited only with the
    outcome of its own item. This ignores the effect of an item on the ranks below, which is a small bias (if examination falls
    with the rank, the greedy choice at each rank is the best), but divides the variance by about k. Each objective has its own
    advantage: the outcome minus a running mean per rank. The scalarizer's weights combine the advantages. Only the combined
    advantage is normalised, by its standard deviation according to running second moments, so that new weights take effect at
    once. Inputs are standardised by running moments. A delayed conversion is credited when it arrives, to the observation and
    slate of its impression.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers and of the network's initial weights.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        learning_rate: learning rate of Adam.
        entropy: weight of the entropy of the first choice, which keeps the policy exploring.
        entropy_halflife: number of slates after which the entropy weight has halved. It falls as 1 / (1 + slates /
            entropy_halflife), because at low click rates even a small weight would dominate the objectives.
        batch_size: slates per gradient step; larger batches are split, smaller ones are collected.
        passes: how often each batch of slates is learned from.
        largest_ratio: limit of the ratio of a choice's present probability to its propensity.
        inputs: "all" uses the whole observation, "context" only the context, without history and clock. Worlds
            without a context always use "all".
        clip_range: the clip range of PPO (Schulman et al., 2017): within the passes over a batch, a choice is ignored once its
            probability has changed by more than this share in the direction of its advantage; none: no limit. With a scalarizer
            that learns its multiplier, such as "lagrangian:click>=0.8", this is constrained PPO. The items of a slate start with
            small probabilities, so that narrow ranges, such as PPO's usual 0.2, learn slowly with many items.
        direction: "sum" follows the gradient of the weighted sum. The others combine the objectives' gradients with respect to
            the parameters that items share, so that the objectives harm each other less (`directions.names`): "pcgrad",
            "cagrad", "upgrad", "dual-projection" and "aligned-mtl" use the scalarizer's weights; "nash" and "mgda" use only their
            signs. Each objective is measured in units of its standard deviation.
        returns: "slate" credits a choice with the outcome of its own item; "n-step" and "lambda" also credit clicked items with
            the shopper's rewards in later visits, minus a critic's prediction (`Returns`). Returns are noisy: where few
            shoppers leave, "lookahead:policy-gradient" learns the same from fewer slates.
        horizon: number of later visits in a return; the critic predicts the rest.
        trace: lambda, the weight of the observed rewards against the critic's predictions; used only with "lambda".
        discount: discount factor per visit.
        hidden: number of units of the hidden layer.
        width: length of the towers' vectors.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "policy-gradient"

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact: the probabilities of the Plackett-Luce model."""
        return "exact"

    @property
    def learns_alone(self) -> str:
        """Empty if the agent learns only from gradients of slates."""
        if type(self) is not PolicyGradient:
            return super().learns_alone
        if self.returns is not None or self.direction != "sum" or self.problem.candidates is not None:
            return 'it can add up gradients only with returns="slate" and direction="sum", in worlds without candidates'
        return ""

    @property
    def conditions(self) -> int:
        """The number of inputs in addition to the observation."""
        return 0

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        learning_rate: Positive = 0.003,
        entropy: NonNegative = 0.3,
        entropy_halflife: Positive = 20_000,
        batch_size: Count = 250,
        passes: Count = 3,
        largest_ratio: Positive = 2.0,
        clip_range: Positive | None = None,
        inputs: Literal["all", "context"] = "context",
        direction: Literal["sum", "nash", "mgda", "pcgrad", "cagrad", "upgrad", "dual-projection", "aligned-mtl"] = "sum",
        returns: Literal["slate", "n-step", "lambda"] = "slate",
        horizon: Count = 8,
        trace: Share = 0.9,
        discount: Share = 1.0,
        hidden: Dimensions = 64,
        width: Dimensions = 32,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.direction = direction
        self.entropy = entropy
        self.entropy_halflife = entropy_halflife
        self.batch_size = batch_size
        self.passes, self.largest_ratio, self.clip_range = passes, largest_ratio, clip_range
        self.columns = _columns(problem, inputs)
        self.learning_rate = learning_rate
        self._build(hidden, width)
        self.item_credit = ItemCredit(problem)
        self.history = DecisionHistory(problem.longest_delay)
        self.normalizer = RunningNormalizer(len(self.columns))
        self.baseline = np.zeros((problem.slate_size, len(problem.objective_names)))
        self.moments = np.zeros((len(problem.objective_names), len(problem.objective_names)))
        self.returns = None if returns == "slate" else Returns(problem, horizon, 1.0 if returns == "n-step" else trace, discount)
        self.collected: list[tuple[Observation, NDArray[np.int64], NDArray[np.float32], NDArray[np.float64], Mask | None]] = []

    def _build(self, hidden: int, width: int) -> None:
        """Create the network, with its initial weights, and the optimizers."""
        problem = self.problem
        features = problem.features if problem.features.shape[1] else np.ones((problem.items, 1), np.float32)
        features = standardised(features).astype(np.float32)
        with torch.random.fork_rng(devices=[]):  # torch initialises from its global generator, which must not change
            torch.manual_seed(self.seed)
            self.network = TwoTowers(features, len(self.columns) + self.conditions, hidden, width)
        own = [self.network.own, self.network.bias]
        self.shared = [parameter for parameter in self.network.parameters() if all(parameter is not other for other in own)]
        if problem.candidates is None:
            self.optimizers: list[torch.optim.Optimizer] = [
                torch.optim.Adam(self.network.parameters(), lr=self.learning_rate, fused=True)
            ]
        else:  # only the candidates' own vectors and biases change
            self.optimizers = [
                torch.optim.Adam(self.shared, lr=self.learning_rate, fused=True),
                torch.optim.SparseAdam(own, lr=self.learning_rate),
            ]

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, with the network and the optimizers as arrays."""
        state = {name: value for name, value in self.__dict__.items() if name not in ("network", "shared", "optimizers")}
        state["network"] = arrays(dict(self.network.state_dict()))
        state["moments_of_adam"] = [arrays(optimizer.state_dict()["state"]) for optimizer in self.optimizers]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = dict(state)
        network, moments_of_adam = kept.pop("network"), kept.pop("moments_of_adam")
        self.__dict__.update(kept)
        self._build(*network["hidden.0.weight"].shape[:1], *network["direct.bias"].shape)
        self.network.load_state_dict(tensors(network))
        for optimizer, moments in zip(self.optimizers, moments_of_adam, strict=True):
            optimizer.load_state_dict({**optimizer.state_dict(), "state": tensors(moments)})

    def grow(self, problem: Problem) -> None:
        """Add items; they start with the estimates from their features, and a zero vector of their own."""
        state, before = self.__getstate__(), self.problem.items
        further = problem.items - before
        network, own = state["network"], ("own", "bias")
        if problem.features.shape[1]:
            features = standardised_as(problem.features[before:], self.problem.features).astype(np.float32)
        else:
            features = np.zeros((further, 1), np.float32)
        network["features"] = np.concatenate([network["features"], features])
        names = [name for name, _ in self.network.named_parameters()] if problem.candidates is None else own
        for name in own:
            network[name] = np.pad(network[name], ((0, further), (0, 0)))
            moments = state["moments_of_adam"][-1].get(list(names).index(name), {})
            moments |= {key: np.pad(array, ((0, further), (0, 0))) for key, array in moments.items() if np.ndim(array) == 2}
        self.__setstate__({**state, "problem": problem, "item_credit": ItemCredit(problem)})

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw a slate for each observation (n, o); propensities are exact."""
        return self._draw(self._conditioned(self._checked(observation)), allowed)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return self._chances(self._conditioned(observation), slate, allowed)

    @torch.no_grad()
    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the logits of the policy, or (n, C) for candidates."""
        return np.asarray(self._scores(self._conditioned(self._checked(observation))).numpy())

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the most probable slates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Turn outcomes into advantages, and train once `batch_size` slates are collected."""
        observation, decision = self._checked_step(observation, decision, feedback)
        outcomes = self.item_credit(feedback, self.problem.shown(observation, decision.slate))
        earned, n = mean(outcomes)
        share = n / min(self.slates, HORIZON) if n < HORIZON else 1.0
        self.normalizer.update(self.problem.seen(observation)[:, self.columns])
        delayed = np.zeros_like(self.baseline)
        np.add.at(delayed, feedback.delayed.rank, self.item_credit.delayed(feedback))
        self.baseline += share * (earned + pooled_total(delayed=delayed)["delayed"] / n - self.baseline)
        conditioned = self._recall_conditions(observation)
        visit = Visit(
            conditioned.copy(),
            decision.slate.copy(),
            decision.propensity.copy(),
            outcomes - self.baseline,
            feedback.clicks.copy(),
            None if decision.allowed is None else decision.allowed.copy(),
        )
        for known in [visit] if self.returns is None else self.returns(visit, self.problem.seen(observation), feedback):
            flat = known.advantage.reshape(-1, len(self.moments))
            self.moments += share * (pooled_total(squares=flat.T @ flat)["squares"] / count(len(flat)) - self.moments)
            self.collected.append((known.conditioned, known.slate, known.propensity, known.advantage, known.allowed))

        recalled = self.history.recall(feedback.delayed)
        if is_pooled():  # every shard makes the same number of steps, in the order of the shoppers
            recalled = self._in_order(recalled, conditioned, decision, feedback)
        if recalled is not None:
            credit = np.zeros((*recalled.slate.shape, len(self.moments)))
            credit[np.arange(len(credit)), recalled.delayed.rank] = self.item_credit.delayed(feedback, recalled.delayed)
            self.collected.append((recalled.observation, recalled.slate, recalled.propensity, credit, recalled.allowed))
        self.history.remember(conditioned, decision)

        rows = ManyRows([len(part) for part, *_ in self.collected])
        if rows.count >= self.batch_size:
            *parts, masks = zip(*self.collected, strict=True)
            allowed = stacked([(mask, len(slate)) for mask, slate in zip(masks, parts[1], strict=True)])
            conditioned, slate, propensity, advantage = (np.concatenate(arrays) for arrays in parts)
            self._train(conditioned, slate, propensity, advantage, rows, allowed)
            self.collected = []

    @staticmethod
    def _in_order(recalled: Recalled | None, conditioned: Observation, decision: Decision, feedback: Feedback) -> Recalled:
        """The recalled decisions in an order that does not depend on the number of shards; without rows if there are none."""
        if recalled is None:
            return Recalled(conditioned[:0], decision.slate[:0], decision.propensity[:0], feedback.delayed.take(slice(0)))
        order, mask = np.lexsort((recalled.delayed.rank, recalled.delayed.age, recalled.delayed.row)), recalled.allowed
        observation, slate, propensity = recalled.observation[order], recalled.slate[order], recalled.propensity[order]
        return Recalled(observation, slate, propensity, recalled.delayed.take(order), None if mask is None else mask[order])

    def mixed(self, advantage: NDArray[np.float64], conditioned: Observation) -> NDArray[np.float64]:
        """(n, k) the weighted sum of the advantages (n, k, M), scaled to a variance of one.

        Args:
            advantage: (n, k, M) float64, of each objective.
            conditioned: (n, o + conditions) float32, the observations and conditions of the slates.
        """
        weights = self.weights
        return np.asarray(advantage @ weights / np.sqrt(weights @ self.moments @ weights + 1e-12))

    @torch.no_grad()
    def _draw(self, conditioned: Observation, allowed: Mask | None = None) -> Decision:
        n, k = len(conditioned), self.problem.slate_size
        slate = np.empty((n, k), np.int64)
        propensity = np.empty((n, k), np.float32)
        observation = self._unconditioned(conditioned)
        for rows in blocks(n):
            score, mask = self._scores(conditioned[rows]).numpy(), None if allowed is None else allowed[rows]
            slate[rows] = self.best_of(score + gumbels(self.random, score.shape), observation[rows], mask)
            propensity[rows] = self._propensity(score, observation[rows], slate[rows], mask)
        return Decision(slate, propensity, allowed=allowed)

    @torch.no_grad()
    def _chances(self, conditioned: Observation, slate: NDArray[np.int64], allowed: Mask | None) -> NDArray[np.float64]:
        found, observation = np.empty(slate.shape), self._unconditioned(conditioned)
        for rows in blocks(len(slate)):
            score, mask = self._scores(conditioned[rows]).numpy(), None if allowed is None else allowed[rows]
            found[rows] = self._propensity(score, observation[rows], slate[rows], mask)
        return found

    def _propensity(
        self, score: NDArray[np.float32], observation: Observation, slate: NDArray[np.int64], allowed: Mask | None
    ) -> NDArray[np.float32]:
        """(n, k) the probability of each choice given the choices above it, from the logits (n, m)."""
        model = model_of(self.problem, observation, slate, allowed)
        return np.asarray(np.exp(np.clip(model.log_propensity(score, slate), LEAST_LOG, 0)))

    def _train(
        self,
        conditioned: Observation,
        slate: NDArray[np.int64],
        propensity: NDArray[np.float32],
        advantage: NDArray[np.float64],
        counted: ManyRows,
        allowed: Mask | None = None,
    ) -> None:
        entropy = self.entropy / (1 + self.slates / self.entropy_halflife)
        mixed = self.mixed(advantage, conditioned).astype(np.float32)
        n = counted.count
        batches = [
            rows for _ in range(self.passes) for rows in np.array_split(self.random.permutation(n), max(n // self.batch_size, 1))
        ]
        inputs, candidates = self._network_inputs(conditioned)
        observation = self._unconditioned(conditioned)
        before = None if self.clip_range is None else self._chances(conditioned, slate, allowed)
        for part in batches:
            rows = counted.here(part)
            model = model_of(self.problem, observation[rows], slate[rows], None if allowed is None else allowed[rows])
            score = self._scored(inputs[rows], None if candidates is None else candidates[rows])
            batch = Batch(score, slate[rows], propensity[rows], model, self.largest_ratio)
            gain = mixed[rows] if self.direction == "sum" else self._directed(batch, advantage[rows])
            if self.clip_range is not None and before is not None:
                gain = batch.within_clip(gain, before[rows], self.clip_range)
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            score.backward(batch.gradient(gain, entropy) if len(rows) else score.detach())
            self._add_up_gradients(len(rows) / len(part))
            for optimizer in self.optimizers:
                optimizer.step()

    def _add_up_gradients(self, share: float) -> None:
        """Replace the gradients by their mean over all shards; `share` is the share of the batch in this shard."""
        if is_pooled():
            named = list(self.network.named_parameters())
            found = {name: torch.zeros_like(each) if each.grad is None else each.grad for name, each in named}
            summed = pooled_total(**{name: (share * gradient).numpy() for name, gradient in found.items()})
            for name, parameter in named:
                parameter.grad = torch.from_numpy(summed[name])

    def _directed(self, batch: Batch, advantage: NDArray[np.float64]) -> NDArray[np.float32]:
        """(n, k) the advantages (n, k, M), combined so that the shared parameters follow the direction."""
        direction = DIRECTIONS[self.direction]
        spread = np.sqrt(np.maximum(np.diag(self.moments), 1e-12))
        weights = self.weights * spread
        sign = np.where(weights < 0, -1.0, 1.0)
        weights = np.abs(weights) if direction.weighted else np.ones(len(spread))
        normal = advantage / spread * sign  # positive where the objective improves
        of_objectives = np.moveaxis(normal, 2, 0).astype(np.float32)
        by_parameters = np.stack([batch.by_parameters(gain, self.shared) for gain in of_objectives])
        gram, coefficients = by_parameters @ by_parameters.T, np.zeros(len(spread))
        kept = (np.diag(gram) > 0) & (weights != 0)
        if kept.any():
            shares = weights[kept] / weights[kept].sum()
            coefficients[kept] = direction.coefficients(gram[np.ix_(kept, kept)], shares, self.random)
        variance = coefficients @ (self.moments / np.outer(spread * sign, spread * sign)) @ coefficients
        return np.asarray(normal @ coefficients / np.sqrt(variance + 1e-12), np.float32)

    def _conditioned(self, observation: Observation) -> Observation:
        """(n, o + conditions) the observations (n, o), followed by the conditions to choose with."""
        return observation

    def _recall_conditions(self, observation: Observation) -> Observation:
        """(n, o + conditions) the observations (n, o), followed by the conditions with which their slates were chosen."""
        return observation

    def _unconditioned(self, conditioned: Observation) -> Observation:
        """(n, o) the observations without the conditions."""
        return conditioned[:, : self.problem.layout.size]

    def _inputs(self, conditioned: Observation) -> NDArray[np.float32]:
        """(n, inputs) the network's inputs: standardised observations and the conditions."""
        return self.normalizer(self.problem.seen(self._unconditioned(conditioned))[:, self.columns])

    def _scores(self, conditioned: Observation) -> Tensor:
        """(n, m) the network's scores, or (n, C) for candidates."""
        return self._scored(*self._network_inputs(conditioned))

    def _network_inputs(self, conditioned: Observation) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """(n, inputs) float32 and the candidates (n, C), if there are any."""
        return self._inputs(conditioned), self.problem.candidates_in(self._unconditioned(conditioned))

    def _scored(self, inputs: NDArray[np.float32], candidates: NDArray[np.int64] | None) -> Tensor:
        scores: Tensor = self.network(torch.from_numpy(inputs), None if candidates is None else torch.from_numpy(candidates))
        return scores


def _columns(problem: Problem, inputs: str) -> NDArray[np.int64]:
    """The columns of the observation that the network uses."""
    every = np.arange(problem.seen_columns)
    if inputs == "all" or "context" not in problem.layout:
        return every
    return every[problem.layout["context"]]
