"""The actor-critic over slates."""

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

HORIZON = 20_000  # slates over which means average, since the policy improves
Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Choices(Brief):
    """Choices that the actor is to learn from.

    Attributes:
        state: (n, s) float32.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        advantage: (n, k, M) float64.
        allowed: (n, m) bool, the items that might be shown, or (n, C) of candidates; None if all might.
    """

    state: State
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    advantage: Floats
    allowed: Mask | None


class ActorCritic(Agent):
    """Advantage actor-critic (Mnih et al., ICML 2016) on slates drawn from a Plackett-Luce model by Gumbel top-k.

    Each objective has a critic, which expects what each rank earns and what later visits earn. A choice is credited with the
    outcome of its own item beyond that expectation, and, if it was clicked, with the return of later visits beyond theirs
    (`Visits`, generalised advantages). The advantages are mixed by the scalarizer's weights, and only their sum is normalised.
    Choices count by the ratio of their probability now to that when they were made, cut off; so the agent also learns from
    the slates of others.

    With a memory, actor and critics also see a vector made of what the shopper clicked before; all else is the same without.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers, and of the networks' first weights.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        memory: "none", or what makes a vector of the last clicks: "gru", a recurrent unit, or "attention".
        history: clicks of the past that a memory sees, the last ones.
        correction: "ratio" corrects for slates that others chose; "top-k" also for the size of the slate, by K (1 - p)^(K - 1)
            for a choice of probability p (`top_k_correction`): an item that is shown nearly always needs no more probability.
        discount: of each visit after the present one; 0 looks at the present visit alone.
        trace: lambda, the weight of what later visits earned against what the critics expect of them.
        horizon: later visits that a return looks at, before it takes the critics' word.
        learning_rate: of the actor's Adam.
        critic_rate: of the critics' Adam.
        entropy: weight of the entropy of the first choice, which keeps the policy exploring.
        entropy_halflife: slates after which that weight has halved; it falls as 1 / (1 + slates / entropy_halflife).
        batch_size: slates per gradient step; larger batches are split, smaller ones are collected.
        passes: how often each batch of slates is learned from.
        largest_ratio: where a ratio of probabilities is cut off.
        inputs: what the actor sees: "all" of the observation, or its "context" alone, without history and clock, by which all
            shoppers move together; all where there is no context. The critics see all.
        hidden: units of a hidden layer.
        width: length of the towers' vectors, and of a memory's.
        device: on which the networks compute: "cpu", "cuda" or another of torch's.

    Raises:
        ValueError: an option is out of its range, or there is no such device.
    """

    name = "actor-critic"
    clips: ClassVar[bool] = False  # whether `gains` asks for the policy with which the passes over a batch began
    _loss: float | None = None  # of the critics, in the last step

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact: they are the probabilities of the Plackett-Luce model."""
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
        self.moments = np.zeros((objectives, objectives))  # of advantages
        self.offset = np.zeros(objectives)  # by how much later visits lately earned more than expected
        self.choices: list[Choices] = []  # that the actor is to learn from
        self.targets: list[tuple[State, Floats]] = []  # (n, M, k + 1) what the critics are to expect of states
        columns = len(self.states.columns)
        self.networks = Networks(problem, self.seed, columns, memory, hidden, width, (learning_rate, critic_rate), device)

    def grow(self, problem: Problem) -> None:
        """Take on further items, which begin with what their features say and no vector of their own."""
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
        """(n, k) the propensities of given slates, exact."""
        state, found = self._state(observation), np.empty(slate.shape)
        for rows in blocks(len(slate)):
            score, mask = self._scores(state[rows]).cpu().numpy(), None if allowed is None else allowed[rows]
            found[rows] = self._propensity(score, state[rows], slate[rows], mask)
        return found

    @torch.no_grad()
    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the logits of the policy, or (n, C) of the candidates."""
        return np.asarray(self._scores(self._state(self._checked(observation))).cpu().numpy())

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the most probable slates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def _state(self, observation: Observation) -> State:
        """(n, o + 3 L) what is known of shoppers."""
        return self.states.of(observation, self.clicked_last.of(len(observation)))

    def _scores(self, state: State) -> Tensor:
        """(n, m) the actor's scores, or (n, C) of the candidates."""
        return self.networks.scores(self._seen(state))

    def _seen(self, state: State) -> Seen:
        return self.states(state, self.networks.device)

    def _model(self, state: State, slate: Slate, allowed: Mask | None) -> PlackettLuce:
        """The model of slates for shoppers of some states."""
        return model_of(self.problem, self.states.observation(state), slate, allowed)

    def _propensity(self, score: NDArray[np.float32], state: State, slate: Slate, allowed: Mask | None) -> NDArray[np.float32]:
        """(n, k) of each choice of slates by their logits (n, m), given those above it."""
        return np.exp(np.clip(self._model(state, slate, allowed).log_propensity(score, slate), LEAST, 0))

    # ---- learning

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Turn what is known of the last visits into advantages, and take a gradient step for each `batch_size` slates."""
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
        """The mean squared error of the critics in the last step, in variances of what they expect."""
        return {} if self._loss is None else {"critic": self._loss}

    def mixed(self, advantage: Floats) -> Floats:
        """(n, k) the weighted sum of the advantages (n, k, M), scaled to a variance of one.

        Args:
            advantage: (n, k, M) float64, of each objective.
        """
        weights = self.weights
        return np.asarray(advantage @ weights / np.sqrt(weights @ self.moments @ weights + 1e-12))

    def gains(self, now: NDArray[Any], begun: NDArray[Any], made: NDArray[Any], advantage: Floats) -> Floats:
        """(n, k) by what the gradient of each choice's log-probability counts.

        Args:
            now: (n, k) log-probability of each choice by the actor as it is.
            begun: (n, k) by the actor when the passes over the batch began.
            made: (n, k) when it was made; NaN where it is not known.
            advantage: (n, k) of each choice.
        """
        gain = ratios(now, made, self.largest_ratio) * advantage
        return gain * top_k_correction(now, self.problem.slate_size) if self.correction == "top-k" else gain

    @torch.no_grad()
    def _expect(self, state: State) -> tuple[Floats, Floats]:
        """(n, k, M) what the critics expect of each rank at once, and (n, M) of later visits."""
        expected = self.expectations(self.networks.expected(self._seen(state)).cpu().numpy())
        return np.moveaxis(expected[:, :, :-1], 1, 2), expected[:, :, -1]

    def _learn(self, visit: Visit, following: Floats) -> None:
        """Note what a visit, and the return (n, M) that followed it, were beyond what was expected."""
        n = len(visit.slate)
        share = n / min(self.slates, HORIZON) if n < HORIZON else 1.0
        target = np.concatenate([np.moveaxis(visit.outcome, 2, 1), following[:, :, None]], axis=2)
        self.expectations.update(target, share)
        self.targets.append((visit.state, target))
        advantage = visit.outcome - visit.now
        if self.visits.discount:  # to clicked items, as what is not clicked changes later visits little
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
        """Take gradient steps of the actor and of the critics over all that has been noted."""
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
        """Scores (r, m) for some rows, the model of their slates, and the log-probabilities (r, k) of the choices."""
        state, slate = choices.state[rows], choices.slate[rows]
        scores = self._scores(state)
        model = self._model(state, slate, None if choices.allowed is None else choices.allowed[rows])
        return scores, model, model.log_propensity(scores.detach().cpu().numpy(), slate)

    def _count(self, n: int) -> int:
        """The number of gradient steps of a pass over n slates."""
        return max(n // self.batch_size, 1)

    def _batches(self, n: int) -> Iterator[NDArray[np.int64]]:
        """The rows of each gradient step of all passes."""
        return (rows for _ in range(self.passes) for rows in np.array_split(self.random.permutation(n), self._count(n)))
