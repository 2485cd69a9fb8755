"""The actor-critic agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.actor_critic.expectations import Expectations
from slategym.agents.actor_critic.gains import LEAST, ratios, top_k_correction
from slategym.agents.actor_critic.networks import Networks
from slategym.agents.actor_critic.states import Seen, State, States
from slategym.agents.actor_critic.visits import Visit, Visits
from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.eligibility import stacked
from slategym.agents.choosing.noise import blocks, gumbels
from slategym.agents.common.click_history import ClickHistory
from slategym.agents.common.credit import ItemCredit
from slategym.agents.policy_gradient.plackett_luce import PlackettLuce, model_of
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share
from slategym.utils.short_repr import Brief

HORIZON = 20_000  # slates over which running means are taken; limited, since the policy improves
Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Choices(Brief):
    """Choices that the actor has not learned from yet.

    Attributes:
        state: (n, s) float32.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        advantage: (n, k, M) float64.
        allowed: (n, m) bool, the items that could be shown, or (n, C) for candidates; None: all.
    """

    state: State
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    advantage: Floats
    allowed: Mask | None


class ActorCritic(Agent):
    """Advantage actor-critic (Mnih et al., ICML 2016) on slates drawn from a Plackett-Luce model by Gumbel top-k.

    Each objective has a critic, which predicts the reward at each rank and the return of later visits. The advantage of a choice
    is the outcome of its item minus the prediction for its rank. If the item was clicked, the return of later visits minus its
    prediction is added (`Visits`, generalised advantage estimation). The advantages are combined by the scalarizer's weights, and
    only their sum is normalised. Each choice is weighted by the ratio of its current probability to its probability when it was
    made, clipped, so the agent can also learn from slates of other policies.

    With a memory, actor and critics also get a vector that encodes the shopper's previous clicks.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers and of the networks' initial weights.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        memory: encoder of the last clicks: "none", "gru" (a recurrent unit) or "attention".
        history: number of last clicks in the memory.
        correction: "ratio" corrects for slates that other policies chose; "top-k" corrects for the slate size too, with the
            factor K (1 - p)^(K - 1) for a choice of probability p (`top_k_correction`): an item that is nearly always shown
            needs no higher probability.
        discount: discount factor per later visit; 0 optimises the current visit alone.
        trace: lambda of the generalised advantage estimation: weight of the rewards of later visits relative to the critics'
            predictions.
        horizon: number of later visits in a return, before it is completed by the critics' prediction.
        learning_rate: learning rate of the actor (Adam).
        critic_rate: learning rate of the critics (Adam).
        entropy: weight of the entropy of the first choice, which preserves exploration.
        entropy_halflife: number of slates after which `entropy` has halved; it falls as 1 / (1 + slates / entropy_halflife).
        batch_size: slates per gradient step; larger batches are split, smaller ones are collected.
        passes: number of passes over each batch of slates.
        largest_ratio: upper bound of the ratio of probabilities.
        inputs: inputs of the actor: "all" fields of the observation, or its "context" alone, without history and clock, which
            change at each visit; all fields if there is no context. The critics always get all fields.
        hidden: units of a hidden layer.
        width: length of the vectors of the towers and of the memory.
        device: torch device of the networks, such as "cpu" or "cuda".

    Raises:
        ValueError: an option is out of its range, or there is no such device.
    """

    name = "actor-critic"
    clips: ClassVar[bool] = False  # whether `gains` needs the policy at the start of the passes over a batch
    _loss: float | None = None  # loss of the critics in the last step

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact: the probabilities of the Plackett-Luce model."""
        return "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        memory: Literal["none", "gru", "attention"] = "none",
        history: Count = 10,
        correction: Literal["ratio", "top-k"] = "ratio",
        discount: Share = 0.0,
        trace: Share = 0.9,
        horizon: Count = 8,
        learning_rate: Positive = 0.003,
        critic_rate: Positive = 0.003,
        entropy: NonNegative = 0.3,
        entropy_halflife: Positive = 20_000,
        batch_size: Count = 250,
        passes: Count = 3,
        largest_ratio: Positive = 2.0,
        inputs: Literal["all", "context"] = "context",
        hidden: Dimensions = 64,
        width: Dimensions = 32,
        device: str = "cpu",
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.correction = correction
        self.entropy, self.entropy_halflife = entropy, entropy_halflife
        self.batch_size, self.passes, self.largest_ratio = batch_size, passes, largest_ratio
        self.clicked_last = ClickHistory(0 if memory == "none" else history)
        self.states = States(problem, inputs, self.clicked_last.length)
        self.item_credit = ItemCredit(problem)
        self.visits = Visits(horizon, trace, discount, problem.longest_delay)
        objectives = len(problem.objective_names)
        self.expectations = Expectations(objectives, problem.slate_size + 1)
        self.moments = np.zeros((objectives, objectives))  # second moments of the advantages
        self.offset = np.zeros(objectives)  # recent mean of the return of later visits minus its prediction
        self.choices: list[Choices] = []  # not learned by the actor yet
        self.targets: list[tuple[State, Floats]] = []  # states, and the targets (n, M, k + 1) of the critics
        columns = len(self.states.columns)
        self.networks = Networks(problem, self.seed, columns, memory, hidden, width, (learning_rate, critic_rate), device)

    def grow(self, problem: Problem) -> None:
        """Add new items, which start with the score of their features and own parameters of 0."""
        self.networks.grow(problem)
        self.problem = self.states.problem = problem
        self.item_credit = ItemCredit(problem)

    # ---- choosing

    @torch.no_grad()
    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw a slate for each observation (n, o); propensities are exact."""
        observation = self._checked(observation)
        state, n = self._state(observation), len(observation)
        slate = np.empty((n, self.problem.slate_size), np.int64)
        propensity = np.empty(slate.shape, np.float32)
        for rows in blocks(n):
            score, mask = self._scores(state[rows]).cpu().numpy(), None if allowed is None else allowed[rows]
            slate[rows] = self.best_of(score + gumbels(self.random, score.shape), observation[rows], mask)
            propensity[rows] = self._propensity(score, state[rows], slate[rows], mask)
        return Decision(slate, propensity, allowed=allowed)

    @torch.no_grad()
    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        state, found = self._state(observation), np.empty(slate.shape)
        for rows in blocks(len(slate)):
            score, mask = self._scores(state[rows]).cpu().numpy(), None if allowed is None else allowed[rows]
            found[rows] = self._propensity(score, state[rows], slate[rows], mask)
        return found

    @torch.no_grad()
    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the logits of the policy, or (n, C) for candidates."""
        return np.asarray(self._scores(self._state(self._checked(observation))).cpu().numpy())

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the most probable slates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def _state(self, observation: Observation) -> State:
        """(n, o + 3 L) the states of shoppers: observations and last clicks."""
        return self.states.of(observation, self.clicked_last.of(len(observation)))

    def _scores(self, state: State) -> Tensor:
        """(n, m) the actor's scores, or (n, C) for candidates."""
        return self.networks.scores(self._seen(state))

    def _seen(self, state: State) -> Seen:
        return self.states(state, self.networks.device)

    def _model(self, state: State, slate: Slate, allowed: Mask | None) -> PlackettLuce:
        """The Plackett-Luce model of slates for shoppers with these states."""
        return model_of(self.problem, self.states.observation(state), slate, allowed)

    def _propensity(self, score: NDArray[np.float32], state: State, slate: Slate, allowed: Mask | None) -> NDArray[np.float32]:
        """(n, k) the probability of each choice given the choices above it, for logits (n, m)."""
        return np.exp(np.clip(self._model(state, slate, allowed).log_propensity(score, slate), LEAST, 0))

    # ---- learning

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Compute the advantages of visits whose returns are known now, and take a gradient step per `batch_size` slates."""
        observation, decision = self._checked_step(observation, decision, feedback)
        items, state = self.problem.shown(observation, decision.slate), self._state(observation)
        self.states.normalizer.update(self.problem.seen(observation))
        for late, rows, earned in self.visits.arrive(feedback.delayed, self.item_credit.delayed(feedback)):
            self._note(late, rows, earned)
        visit = Visit(
            state,
            decision.slate.copy(),
            decision.propensity.copy(),
            self.item_credit(feedback, items).astype(np.float64),
            feedback.clicks.copy(),
            ~(feedback.terminated | feedback.truncated),
            *self._expect(state),
            None if decision.allowed is None else decision.allowed.copy(),
        )
        self.clicked_last.add(items, feedback)
        for settled, following in self.visits.add(visit):
            self._learn(settled, following)
        if sum(len(choices.state) for choices in self.choices) >= self.batch_size:
            self._train()

    @property
    def losses(self) -> dict[str, float]:
        """The mean squared error of the critics in the last step, relative to the variance of their targets."""
        return {} if self._loss is None else {"critic": self._loss}

    def mixed(self, advantage: Floats) -> Floats:
        """(n, k) the weighted sum of the advantages (n, k, M), scaled to a variance of one.

        Args:
            advantage: (n, k, M) float64, the advantage for each objective.
        """
        weights = self.weights
        return np.asarray(advantage @ weights / np.sqrt(weights @ self.moments @ weights + 1e-12))

    def gains(self, now: NDArray[Any], begun: NDArray[Any], made: NDArray[Any], advantage: Floats) -> Floats:
        """(n, k) the factor of the gradient of each choice's log-probability.

        Args:
            now: (n, k) log-probability of each choice by the current actor.
            begun: (n, k) log-probability by the actor at the start of the passes over the batch.
            made: (n, k) log-probability when the choice was made; NaN if unknown.
            advantage: (n, k) advantage of each choice.
        """
        gain = ratios(now, made, self.largest_ratio) * advantage
        return gain * top_k_correction(now, self.problem.slate_size) if self.correction == "top-k" else gain

    @torch.no_grad()
    def _expect(self, state: State) -> tuple[Floats, Floats]:
        """The critics' predictions: (n, k, M) the reward at each rank, and (n, M) the return of later visits."""
        expected = self.expectations(self.networks.expected(self._seen(state)).cpu().numpy())
        return np.moveaxis(expected[:, :, :-1], 1, 2), expected[:, :, -1]

    def _learn(self, visit: Visit, following: Floats) -> None:
        """Store the advantages of a visit, given the return (n, M) that followed it, and the targets of the critics."""
        n = len(visit.slate)
        share = n / min(self.slates, HORIZON) if n < HORIZON else 1.0
        target = np.concatenate([np.moveaxis(visit.outcome, 2, 1), following[:, :, None]], axis=2)
        self.expectations.update(target, share)
        self.targets.append((visit.state, target))
        advantage = visit.outcome - visit.now
        if self.visits.discount:  # credited to clicked items, since other items change later visits little
            surprise = following - visit.later
            self.offset += min(n / self.batch_size, 1.0) * (surprise.mean(axis=0) - self.offset)
            advantage = advantage + visit.clicks[:, :, None] * (surprise - self.offset)[:, None, :]
        flat = advantage.reshape(-1, len(self.moments))
        self.moments += share * (flat.T @ flat / len(flat) - self.moments)
        self._note(visit, np.arange(n), advantage)

    def _note(self, visit: Visit, rows: NDArray[np.int64], advantage: Floats) -> None:
        allowed = None if visit.allowed is None else visit.allowed[rows]
        if len(rows):
            self.choices.append(Choices(visit.state[rows], visit.slate[rows], visit.propensity[rows], advantage, allowed))

    def _train(self) -> None:
        """Take gradient steps of the critics and of the actor on all stored choices and targets."""
        names = ("state", "slate", "propensity", "advantage")
        joined = {name: np.concatenate([getattr(each, name) for each in self.choices]) for name in names}
        choices = Choices(**joined, allowed=stacked([(each.allowed, len(each.slate)) for each in self.choices]))
        state, target = (np.concatenate(each) for each in zip(*self.targets, strict=True))
        self.choices, self.targets = [], []
        self._train_critics(state, self.expectations.standardised(target))
        self._train_actor(choices)

    def _train_critics(self, state: State, target: NDArray[np.float32]) -> None:
        losses = [self.networks.teach_critics(self._seen(state[rows]), target[rows]) for rows in self._batches(len(state))]
        self._loss = float(torch.stack(losses).mean())

    def _train_actor(self, choices: Choices) -> None:
        n = len(choices.state)
        advantage = self.mixed(choices.advantage)
        made = np.log(np.maximum(choices.propensity, np.float32(np.exp(LEAST))))
        begun = made
        if self.clips:
            with torch.no_grad():
                begun = np.concatenate([self._forward(choices, rows)[2] for rows in np.array_split(np.arange(n), self._count(n))])
        entropy = self.entropy / (1 + self.slates / self.entropy_halflife)
        for rows in self._batches(n):
            scores, model, now = self._forward(choices, rows)
            gain = self.gains(now, begun[rows], made[rows], advantage[rows]).astype(np.float32)
            values = scores.detach().cpu().numpy()
            self.networks.teach_actor(scores, model.gradient(values, choices.slate[rows], gain, entropy))

    def _forward(self, choices: Choices, rows: NDArray[np.int64]) -> tuple[Tensor, PlackettLuce, NDArray[np.float32]]:
        """The scores (r, m) of some rows, the model of their slates, and the log-probabilities (r, k) of the choices."""
        state, slate = choices.state[rows], choices.slate[rows]
        scores = self._scores(state)
        model = self._model(state, slate, None if choices.allowed is None else choices.allowed[rows])
        return scores, model, model.log_propensity(scores.detach().cpu().numpy(), slate)

    def _count(self, n: int) -> int:
        """The number of gradient steps in a pass over n slates."""
        return max(n // self.batch_size, 1)

    def _batches(self, n: int) -> Iterator[NDArray[np.int64]]:
        """The rows of each gradient step of all passes."""
        return (rows for _ in range(self.passes) for rows in np.array_split(self.random.permutation(n), self._count(n)))
