"""Agents that choose by a network's predictions, and learn from past slates again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import drawn, exploring, mixed, ranked
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.click_history import ClickHistory
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.common.replay import Replay, Slates
from slategym.agents.estimates import Estimates
from slategym.agents.policy_gradient.network import arrays, tensors
from slategym.agents.predictors.bootstrap import double_or_nothing
from slategym.agents.predictors.checks import device_of, examination_of, on_cpu
from slategym.agents.predictors.encoding import Encoding, Known
from slategym.agents.predictors.last_layer import LastLayer, moved
from slategym.agents.predictors.networks.delays import DelayRate
from slategym.agents.predictors.networks.feedforward import OF_ITEMS, Deep
from slategym.agents.predictors.networks.inputs import GROUPS, Inputs
from slategym.agents.predictors.networks.names import NETWORKS
from slategym.agents.predictors.trainer import Batch, Trainer
from slategym.agents.predictors.warm import start_from
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.lookup import choose
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share, Whole

EARLY, EARLY_BATCHES = 20, 6  # the number of first steps with more replay, and their replay batches


class Predictor(Agent):
    """A network that predicts clicks and conversions of clicks, and learns from each step's slates and from past slates again.

    The examination of ranks is outside the network: P(click) = examination[rank] sigmoid(logit). It plays no part when slates are
    chosen. A slate contains the items with the highest scores: the probability of a click, times the value of a click including
    the conversion that may follow, under the scalarizer's present weights, plus the value of an impression. The network's inputs
    are the context, the clock, the item's features, category and number, and the exposure of its category; sequence networks
    also see the shopper's latest clicks.

    Exploration: "epsilon" shows random items at some ranks, with exact propensities. "ensemble" trains several networks, each on
    a random half of the slates with double weight (Owen, Eckles, "Bootstrapping data arrays of arbitrary order", 2012), and
    chooses by a random one for each shopper (bootstrapped Thompson sampling, Osband, Van Roy, 2015); propensities are NaN.
    "last-layer" draws the last layer's weights from their posterior for each shopper; propensities are NaN.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers and of the initial weights.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        network: one of `NETWORKS`.
        exploration: "epsilon", "ensemble" or "last-layer"; the last one only for networks that end with a hidden layer.
        epsilon: probability of a random item at a rank; used with "epsilon".
        members: number of networks; used with "ensemble".
        alpha: factor of the posterior's standard deviation; used with "last-layer".
        loss: "entire-space" predicts clicks, and clicks that convert, from all impressions; "clicked" predicts conversions from
            clicked impressions only.
        delay: how to learn while conversions may still arrive. "wait" learns the conversions of an impression once all have
            arrived; "correct" learns "no conversion" until one arrives in the replay; "fake-negative" also corrects for that with
            weights; "delayed-feedback" models the delay. The latter two use clicked impressions only.
        examination: examination of each rank, relative to the first rank; None: learned.
        inputs: groups of inputs to use, from context, clock, features, category, item, exposure and history; None: all.
        history: number of latest clicks that sequence networks see.
        negatives: random items per slate that are learned as not clicked although they were not shown.
        adversarial: distance by which context and features are moved to increase the loss; the network also learns from the moved
            inputs (Miyato et al., ICLR 2017).
        learning_rate: learning rate of Adam.
        weight_decay: weight decay of Adam (Loshchilov, Hutter, ICLR 2019).
        batch_size: slates in each batch drawn from the replay.
        batches: batches that each step draws from the replay.
        replay: number of past slates kept to learn from again.
        hidden: number of units of a hidden layer.
        width: length of embeddings and of vectors in inner products.
        device: torch device of the network, such as "cpu" or "cuda".
        warm: file of a saved predictor, also of another world, to take the initial weights from, except those of item numbers.

    Raises:
        ValueError: an option is out of its range; the network, group of inputs or device does not exist; the examinations do
            not match the ranks; or "last-layer" is used with a network without a last hidden layer.
    """

    name = "predictor"
    _loss: Tensor | None = None  # of the latest slates, before they were learned

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        network: str = "mlp",
        exploration: Literal["epsilon", "ensemble", "last-layer"] = "epsilon",
        epsilon: Share = 0.05,
        members: Count = 5,
        alpha: NonNegative = 1.0,
        loss: Literal["entire-space", "clicked"] = "clicked",
        delay: Literal["wait", "correct", "fake-negative", "delayed-feedback"] = "wait",
        examination: Sequence[float] | None = None,
        inputs: Sequence[str] | None = None,
        history: Count = 10,
        negatives: Whole = 0,
        adversarial: NonNegative = 0.0,
        learning_rate: Positive = 0.01,
        weight_decay: NonNegative = 0.01,
        batch_size: Count = 1000,
        batches: Count = 3,
        replay: Count = 400_000,
        hidden: Dimensions = 64,
        width: Dimensions = 16,
        device: str = "cpu",
        warm: str | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        choose("network", network, NETWORKS)
        groups = {name: name for name in GROUPS}
        self.selected = [choose("group of inputs", name, groups) for name in (GROUPS if inputs is None else inputs)]
        self.network_name, self.device = network, device_of(device)
        self.exploration, self.epsilon, self.alpha = exploration, epsilon, alpha
        self.members = members if exploration == "ensemble" else 1
        self.trainer = Trainer(loss, delay, adversarial)
        self.negatives = negatives
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.batch_size, self.batches = batch_size, batches
        self.hidden, self.width = hidden, width
        self.columns = problem.context()
        self.normalizer = RunningNormalizer(len(self.columns))
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.given = examination is not None
        if examination is not None:
            self.position_bias.relative = examination_of(examination, problem.slate_size)
        self.clicked, self.attracted = np.zeros(problem.slate_size), np.zeros(problem.slate_size)
        self.values = AnswerValues(problem)
        kept = history if NETWORKS[network].sequential else 0
        self.clicked_last = ClickHistory(kept)
        self.replay = Replay(problem.seen_columns, problem.slate_size, replay, problem.longest_delay, kept)
        self.steps = 0
        self.only_remembers = False  # True while `fit` records a log, which it learns from afterwards
        self._build()
        self.last_layer: LastLayer | None = None
        if exploration == "last-layer":
            if not isinstance(self.networks[0], Deep):
                deep = ", ".join(name for name, kind in NETWORKS.items() if issubclass(kind, Deep))
                raise ValueError(f"exploration is 'last-layer', but {network} does not end with a hidden layer: expected {deep}")
            self.last_layer = LastLayer(next(self._deep.heads.parameters()).shape[1] + 1)
        if warm is not None:
            start_from(self, Path(warm))

    def _build(self) -> None:
        """Create the networks, with their initial weights, and their optimizer."""
        self.encoding = Encoding(self.problem, self.device)
        sizes = self.encoding.sizes
        with torch.random.fork_rng(devices=[]):  # torch initialises from its global generator, which must not change
            torch.manual_seed(self.seed)
            kind = NETWORKS[self.network_name]
            networks = [kind(sizes, self.width, self.hidden, self.selected) for _ in range(self.members)]
            rates = [DelayRate(sizes)] if self.trainer.delay == "delayed-feedback" else []
        self.networks = nn.ModuleList([*networks, *rates]).to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.networks.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )

    # ---- saving

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, with networks and optimizer as arrays."""
        built = ("networks", "optimizer", "device", "encoding", "_loss")
        state = {name: value for name, value in self.__dict__.items() if name not in built}
        state["device_name"] = str(self.device)
        state["networks"] = arrays(on_cpu(dict(self.networks.state_dict())))
        state["moments_of_adam"] = arrays(on_cpu(self.optimizer.state_dict()["state"]))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = dict(state)
        networks, moments, device = kept.pop("networks"), kept.pop("moments_of_adam"), kept.pop("device_name")
        self.__dict__.update(kept)
        self.device = device_of(device)
        self._build()
        self.networks.load_state_dict(tensors(networks))
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": tensors(moments)})

    def grow(self, problem: Problem) -> None:
        """Add items; the network predicts them from their features."""
        state, before = self.__getstate__(), self.problem.items
        rows = ((0, problem.items - before), (0, 0))
        names = [name for name, _ in self.networks.named_parameters()]
        for name in names:
            if name.endswith(OF_ITEMS):
                state["networks"][name] = np.pad(state["networks"][name], rows)
                moments = state["moments_of_adam"].get(names.index(name), {})
                moments |= {key: np.pad(array, rows) for key, array in moments.items() if np.ndim(array) == 2}
        first = self.encoding
        self.values.grow(problem)
        self.__setstate__({**state, "problem": problem})
        self.encoding.grow(first)

    # ---- choosing

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best items according to the network, with exploration."""
        observation = self._checked(observation)
        if self.exploration == "epsilon":
            scores = self.scores(observation)
            if allowed is not None:
                choice = choice_of(self.problem, observation, allowed)
                return Decision(*explore_among(self.random, scores, self.epsilon, choice))
            ranked = self.best_of(scores, observation)
            return Decision(*explore(self.random, ranked, self.epsilon, self.problem.choices))
        scores = self._of_members(observation) if self.exploration == "ensemble" else self._of_drawn_weights(observation)
        slate = self.best_of(scores, observation, allowed)
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact, except for "last-layer"."""
        return "estimated" if self.exploration == "last-layer" else "exact"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates; for an ensemble those of the mixture of its members."""
        if self.exploration == "epsilon":
            return exploring(self, observation, slate, allowed, self.epsilon)
        if self.exploration == "ensemble":
            orders = (self.best_of(self._of_members(observation, each), observation, allowed) for each in range(self.members))
            return mixed((1 / self.members, ranked(order, slate, 0.0, self.problem.choices)) for order in orders)
        return drawn(self, observation, slate, allowed, draws, by_rows=self.clicked_last.length > 0)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest scores."""
        return self.best_of(self.scores(observation), observation, allowed)

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item according to the predicted probabilities, or (n, C) of each candidate."""
        observation = self._checked(observation)
        return self._worth(self.estimates(observation), observation)

    @torch.no_grad()
    def estimates(self, observation: Observation) -> Estimates:
        """The predicted probabilities of clicks and conversions; for an ensemble the mean of its members."""
        known, found = self._known(self._checked(observation)), self._empty(observation)
        for rows in known.blocks(self.problem.choices):
            inputs = self._inputs(known.of(rows))
            each = [torch.sigmoid(self.networks[member](inputs)) for member in range(self.members)]
            found[:, rows] = _answers(each[0] if len(each) == 1 else torch.stack(each).mean(dim=0))
        return Estimates(*found)

    @torch.no_grad()
    def _of_members(self, observation: Observation, number: int | None = None) -> NDArray[np.float32]:
        """(n, m) the scores of one member of the ensemble, or of a random member for each shopper."""
        known, found = self._known(observation), self._empty(observation)
        member = (
            self.random.integers(self.members, size=len(observation)) if number is None else np.full(len(observation), number)
        )
        for chosen in np.unique(member):
            for rows in known.blocks(self.problem.choices, np.flatnonzero(member == chosen)):
                found[:, rows] = _answers(torch.sigmoid(self.networks[int(chosen)](self._inputs(known.of(rows)))))
        return self._worth(Estimates(*found), observation)

    @torch.no_grad()
    def _of_drawn_weights(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the scores with last-layer weights drawn for each shopper."""
        assert self.last_layer is not None
        known, found = self._known(observation), self._empty(observation)
        deviations = torch.from_numpy(self.alpha * self.last_layer.draw(self.random, len(observation))).float().to(self.device)
        for rows in known.blocks(self.problem.choices):
            logits = moved(self._deep, self._inputs(known.of(rows)), deviations[:, rows])
            found[:, rows] = _answers(torch.sigmoid(logits))
        return self._worth(Estimates(*found), observation)

    def _worth(self, found: Estimates, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item under the present weights."""
        worth = self.values(self.weights, self.problem.candidates_in(observation))
        scores = found.click * (worth[0] + found.conversion * worth[1]) + worth[2]
        return np.asarray(scores, np.float32)

    @property
    def _deep(self) -> Deep:
        network = self.networks[0]
        assert isinstance(network, Deep)
        return network

    def _empty(self, observation: Observation) -> NDArray[np.float32]:
        return np.empty((2, len(observation), self.problem.choices), np.float32)

    def _known(self, observation: Observation) -> Known:
        """What is known of the observed shoppers, with every item or with the candidates."""
        problem, events = self.problem, self.clicked_last.of(len(observation))
        return Known(problem.seen(observation), problem.candidates_in(observation), events if self.clicked_last.length else None)

    def _inputs(self, known: Known) -> Inputs:
        return self.encoding(known, self.normalizer(known.seen[:, self.columns]))

    # ---- learning

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from the slates of a step, and again from some past slates."""
        before = len(self.replay)
        self.remember(observation, decision, feedback)
        if self.only_remembers:
            return
        newest = (self.replay.count - 1 - np.arange(min(len(observation), len(self.replay)))) % self.replay.capacity
        self.measure(newest)
        self._loss = self.train(newest)
        for _ in range((EARLY_BATCHES if self.steps <= EARLY else self.batches) if before else 1):
            self.train(self.replay.places(self.random, min(self.batch_size, len(self.replay))))

    @property
    def losses(self) -> dict[str, float]:
        """The mean loss of the last step's slates, before they were learned."""
        return {} if self._loss is None else {"loss": float(self._loss)}

    def remember(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Record a step without learning from it: slates, feedback, delayed conversions and latest clicks.

        Args:
            observation: (n, o) float32.
            decision: the slates shown.
            feedback: the shoppers' feedback.
        """
        observation, decision = self._checked_step(observation, decision, feedback)
        self.normalizer.update(observation[:, self.columns])
        items, known = self.problem.shown(observation, decision.slate), self._known(observation)
        self.values.learn(feedback, items)
        self.replay.correct(feedback.delayed)
        self.replay.add(Slates(known.seen, items, feedback.clicks, feedback.conversions, known.history))
        self.clicked_last.add(items, feedback)
        self.steps += 1

    @torch.no_grad()
    def measure(self, places: NDArray[np.int64]) -> None:
        """Update the examination of ranks and the certainty of the last layer from the slates at some places of the replay."""
        if self.given and self.last_layer is None:
            return
        batch = self._batch(places)
        logits = self.networks[0](batch.inputs)
        if not self.given:
            self.clicked += batch.clicks.sum(dim=0).cpu().numpy()
            self.attracted += torch.sigmoid(logits[..., 0]).sum(dim=0).cpu().numpy()
            self.position_bias.update(self.clicked, self.attracted)
        if self.last_layer is not None:
            self.last_layer.update(self._deep.bodies(batch.inputs), logits, batch.examined, batch.clicks)

    def train(self, places: NDArray[np.int64]) -> Tensor:
        """Make a step of Adam on the slates at some places (n,) of the replay; returns their mean loss before it."""
        batch, total = self._batch(places), torch.zeros((), device=self.device)
        self.optimizer.zero_grad()
        for member in range(self.members):
            loss = self.trainer.total(self.networks[member], self.networks[-1], batch)
            if self.members > 1:
                weight = double_or_nothing(self.replay.numbers(places), self.seed, member)
                loss = loss * torch.from_numpy(weight[:, None]).to(self.device)
            total = total + loss.mean()
        total.backward()
        self.optimizer.step()
        return total.detach() / self.members

    def _batch(self, places: NDArray[np.int64]) -> Batch:
        """The slates at some places of the replay, as tensors."""
        slates, elapsed = self.replay.take(places), self.replay.elapsed(places)[:, None]
        longest = self.problem.longest_delay
        least = {"wait": longest, "delayed-feedback": 0}.get(self.trainer.delay, min(longest, 1))
        relative = self.position_bias.relative
        inputs, others = self._inputs(Known(slates.seen, slates.items, slates.history)), None
        if self.negatives:
            random = self.random.integers(self.problem.items, size=(len(places), self.negatives))
            others = self._inputs(Known(slates.seen, random, slates.history))
        return Batch(
            inputs=inputs,
            others=others,
            examined=self._tensor(relative / relative.max()),
            clicks=self._tensor(slates.clicks),
            conversions=self._tensor(slates.conversions),
            known=self._tensor(elapsed >= least),
            # A conversion within a step arrives half a step late on average.
            delay=self._tensor(self.replay.delay[places] + 0.5),
            elapsed=self._tensor(elapsed + 0.5),
        )

    def _tensor(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.asarray(values, np.float32)).to(self.device)


def _answers(probabilities: Tensor) -> NDArray[np.float32]:
    """(2, n, c) the probabilities of a click, and of a conversion of a click."""
    return np.asarray(probabilities.cpu().numpy().transpose(2, 0, 1))
