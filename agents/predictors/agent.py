"""Agents that show what a network predicts to be best, and learn from the last slates again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.common.replay import Replay, Slates
from slategym.agents.estimates import Estimates
from slategym.agents.policy_gradient.network import arrays, tensors
from slategym.agents.predictors import losses
from slategym.agents.predictors.delays import DelayRate
from slategym.agents.predictors.inputs import GROUPS, Inputs, Sizes
from slategym.agents.predictors.names import NETWORKS
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.lookup import choose
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share
from slategym.utils.standardize import standardised, standardised_as

EARLY, EARLY_BATCHES = 20, 6  # steps with more replay, and how many batches of it
PAIRS = 4096  # of a shopper and an item, whose hidden layers fit the processor's cache


class Predictor(Agent):
    """A network of clicks and of conversions of clicks, which learns each step's slates and some of the last ones again.

    Examination of ranks is outside the network, P(click) = examination[rank] sigmoid(logit), and left out when slates are chosen.
    A slate holds the highest products of the chance of a click and of what it is worth, with the chance that it converts, under
    the scalarizer's present weights. The network sees the context, the clock, the item's features, category and number, and the
    exposure of its category.

    Exploration: "epsilon" shows a random item at some ranks, with exact propensities; "ensemble" has several networks, of
    which each learns a random half of the slates twice (Owen, Eckles, "Bootstrapping data arrays of arbitrary order", 2012), and
    chooses for each shopper by one of them (bootstrapped Thompson sampling, Osband, Van Roy, 2015), with unknown propensities.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers, and of the first weights.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        network: one of `NETWORKS`.
        exploration: "epsilon" or "ensemble".
        epsilon: probability of a random item at a rank, of "epsilon".
        members: networks of an ensemble.
        loss: "entire-space" predicts clicks, and clicks that convert, over all impressions; "clicked" predicts conversions of
            what was clicked alone.
        delay: what is made of conversions that may still come: "wait" learns conversions of an impression when all that may come
            have arrived; "correct" learns them as none until they arrive and are noted in the replay; "fake-negative" also
            corrects for that by weights; "delayed-feedback" models how long they take. The latter two are losses of what was
            clicked.
        examination: of each rank, relative to the first; learned if None.
        inputs: groups of inputs that the network sees, of context, clock, features, category, item and exposure; all if None.
        learning_rate: of Adam.
        weight_decay: of Adam (Loshchilov, Hutter, ICLR 2019).
        batch_size: slates of a batch that is learned again.
        batches: how many of those each step learns.
        replay: slates that are kept to learn from again.
        hidden: units of a hidden layer.
        width: of embeddings and of vectors that are multiplied.
        device: on which the network computes: "cpu", "cuda" or another of torch's.

    Raises:
        ValueError: an option is out of its range, there is no such network, group of inputs or device, or not an examination of
            each rank.
    """

    name = "predictor"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        network: str = "mlp",
        exploration: Literal["epsilon", "ensemble"] = "epsilon",
        epsilon: Share = 0.05,
        members: Count = 5,
        loss: Literal["entire-space", "clicked"] = "clicked",
        delay: Literal["wait", "correct", "fake-negative", "delayed-feedback"] = "wait",
        examination: Sequence[float] | None = None,
        inputs: Sequence[str] | None = None,
        learning_rate: Positive = 0.01,
        weight_decay: NonNegative = 0.01,
        batch_size: Count = 1000,
        batches: Count = 3,
        replay: Count = 400_000,
        hidden: Dimensions = 64,
        width: Dimensions = 16,
        device: str = "cpu",
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        choose("network", network, NETWORKS)
        groups = {name: name for name in GROUPS}
        self.selected = [choose("group of inputs", name, groups) for name in (GROUPS if inputs is None else inputs)]
        self.network_name, self.device = network, _device(device)
        self.exploration, self.epsilon = exploration, epsilon
        self.members = members if exploration == "ensemble" else 1
        self.loss, self.delay = loss, delay
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.batch_size, self.batches = batch_size, batches
        self.hidden, self.width = hidden, width
        self.columns = problem.context()
        self.normalizer = RunningNormalizer(len(self.columns))
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.given = examination is not None
        if examination is not None:
            self.position_bias.relative = _examination(examination, problem.slate_size)
        self.clicked, self.attracted = np.zeros(problem.slate_size), np.zeros(problem.slate_size)
        self.values = AnswerValues(problem)
        self.replay = Replay(problem.seen_columns, problem.slate_size, replay, problem.longest_delay)
        self.steps = 0
        self._build()

    def _build(self) -> None:
        """Make the networks, with their first weights, and their optimizer."""
        problem, device = self.problem, self.device
        features = standardised(problem.features).astype(np.float32)
        self._features = torch.from_numpy(features).to(device)
        self._category = torch.tensor(problem.category, device=device)
        self._items = torch.arange(problem.items, device=device)
        sizes = Sizes(len(self.columns), features.shape[1], int(problem.category.max()) + 1, problem.items)
        with torch.random.fork_rng(devices=[]):  # torch draws first weights from its global generator, which must not change
            torch.manual_seed(self.seed)
            kind = NETWORKS[self.network_name]
            networks = [kind(sizes, self.width, self.hidden, self.selected) for _ in range(self.members)]
            rates = [DelayRate(sizes)] if self.delay == "delayed-feedback" else []
        self.networks = nn.ModuleList([*networks, *rates]).to(device)
        self.optimizer = torch.optim.AdamW(
            self.networks.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )

    # ---- saving

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, with networks and optimizer as arrays."""
        built = ("networks", "optimizer", "device", "_features", "_category", "_items")
        state = {name: value for name, value in self.__dict__.items() if name not in built}
        state["device_name"] = str(self.device)
        state["networks"] = arrays(_on_cpu(dict(self.networks.state_dict())))
        state["moments_of_adam"] = arrays(_on_cpu(self.optimizer.state_dict()["state"]))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = dict(state)
        networks, moments, device = kept.pop("networks"), kept.pop("moments_of_adam"), kept.pop("device_name")
        self.__dict__.update(kept)
        self.device = _device(device)
        self._build()
        self.networks.load_state_dict(tensors(networks))
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": tensors(moments)})

    def grow(self, problem: Problem) -> None:
        """Take on further items, of which the network knows what their features say."""
        state, before = self.__getstate__(), self.problem.items
        rows = ((0, problem.items - before), (0, 0))
        names = [name for name, _ in self.networks.named_parameters()]
        for name in names:
            if name.endswith(_OF_ITEMS):
                state["networks"][name] = np.pad(state["networks"][name], rows)
                moments = state["moments_of_adam"].get(names.index(name), {})
                moments |= {key: np.pad(array, rows) for key, array in moments.items() if np.ndim(array) == 2}
        first = self._features.cpu().numpy()
        self.values.grow(problem)
        self.__setstate__({**state, "problem": problem})
        further = standardised_as(problem.features[before:], self.problem.features[:before]).astype(np.float32)
        self._features = torch.from_numpy(np.concatenate([first, further])).to(self.device)

    # ---- choosing

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best items by the network, with random ones among them, or by a member of the ensemble."""
        observation = self._checked(observation)
        if self.exploration == "ensemble":
            member = self.random.integers(self.members, size=len(observation))
            slate = self.best_of(self._scores(observation, member), observation, allowed)
            return Decision(slate, np.full(slate.shape, np.nan, np.float32))
        scores = self.scores(observation)
        if allowed is not None:
            choice = choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, scores, self.epsilon, choice))
        ranked = self.best_of(scores, observation)
        return Decision(*explore(self.random, ranked, self.epsilon, self.problem.choices))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items of the highest scores."""
        return self.best_of(self.scores(observation), observation, allowed)

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item by the predicted probabilities, or (n, C) of the candidates."""
        return self._scores(self._checked(observation))

    def estimates(self, observation: Observation) -> Estimates:
        """The predicted probabilities of clicks and conversions; of an ensemble the members' mean."""
        observation = self._checked(observation)
        shape = (len(observation), self.problem.choices)
        click, conversion = np.empty(shape, np.float32), np.empty(shape, np.float32)
        for rows in self._blocks(len(observation)):
            click[rows], conversion[rows] = self._probabilities(observation[rows])
        return Estimates(click, conversion)

    def _scores(self, observation: Observation, member: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """(n, m) the value of showing each item, by the members' mean or by a member (n,) for each shopper."""
        scores = np.empty((len(observation), self.problem.choices), np.float32)
        groups = [None] if member is None else np.unique(member)
        for group in groups:
            chosen = np.arange(len(observation)) if group is None else np.flatnonzero(member == group)
            for rows in self._blocks(len(chosen)):
                some = chosen[rows]
                click, conversion = self._probabilities(observation[some], group)
                worth = self.values(self.weights, self.problem.candidates_in(observation[some]))
                scores[some] = click * (worth[0] + conversion * worth[1]) + worth[2]
        return scores

    def _blocks(self, shoppers: int) -> Iterator[slice]:
        size = max(PAIRS // self.problem.choices, 1)
        return (slice(start, min(start + size, shoppers)) for start in range(0, shoppers, size))

    @torch.no_grad()
    def _probabilities(self, observation: Observation, member: Any = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(n, m) of a click and of a conversion of a click, by the members' mean or by one of them; (n, C) for candidates."""
        inputs = self._inputs(self.problem.seen(observation), self.problem.candidates_in(observation))
        members = range(self.members) if member is None else [int(member)]
        found = [torch.sigmoid(self.networks[each](inputs)) for each in members]
        mean = found[0] if len(found) == 1 else torch.stack(found).mean(dim=0)
        click, conversion = mean.cpu().numpy().transpose(2, 0, 1)
        return click, conversion

    def _inputs(self, seen: Observation, items: NDArray[np.int64] | None) -> Inputs:
        """The networks' input for shoppers (n, o), with every item or with some (n, c)."""
        fields, device = self.problem.fields, self.device
        angle = 2 * np.pi * seen[:, fields["clock"]] if "clock" in fields else np.zeros((len(seen), 1), np.float32)
        clock = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
        chosen = self._items[None] if items is None else torch.from_numpy(items).to(device)
        category = self._category[chosen]
        if "exposure" in fields:
            exposure = torch.from_numpy(np.ascontiguousarray(seen[:, fields["exposure"]])).to(device)
            pressed = torch.take_along_dim(exposure, category.expand(len(seen), -1), dim=1)
        else:
            pressed = torch.zeros((len(seen), chosen.shape[1]), device=device)
        context, angles = (torch.from_numpy(each).to(device)[:, None] for each in (self.normalizer(seen[:, self.columns]), clock))
        return Inputs(context, angles, self._features[chosen], category, chosen, pressed[..., None])

    # ---- learning

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn the step's slates, and some of the last ones again."""
        observation, decision = self._checked_step(observation, decision, feedback)
        self.normalizer.update(observation[:, self.columns])
        items, before = self.problem.shown(observation, decision.slate), len(self.replay)
        self.values.learn(feedback, items)
        seen = self.problem.seen(observation)
        self.replay.correct(feedback.delayed)
        self.replay.add(Slates(seen, items, feedback.clicks, feedback.conversions))
        self.steps += 1
        if not self.given:
            self._learn_examination(seen, items, feedback)
        newest = (self.replay.count - 1 - np.arange(min(len(items), len(self.replay)))) % self.replay.capacity
        self._train(newest)
        for _ in range((EARLY_BATCHES if self.steps <= EARLY else self.batches) if before else 1):
            self._train(self.replay.places(self.random, min(self.batch_size, len(self.replay))))

    @torch.no_grad()
    def _learn_examination(self, seen: Observation, items: NDArray[np.int64], feedback: Feedback) -> None:
        logit = self.networks[0](self._inputs(seen, items))[..., 0]
        self.clicked += feedback.clicks.sum(axis=0)
        self.attracted += torch.sigmoid(logit).sum(dim=0).cpu().numpy()
        self.position_bias.update(self.clicked, self.attracted)

    def _train(self, places: NDArray[np.int64]) -> None:
        """A step of Adam on the slates at some places of the replay."""
        slates, total = self.replay.take(places), torch.zeros((), device=self.device)
        inputs = self._inputs(slates.seen, slates.items)
        clicks, conversions = (
            torch.from_numpy(each.astype(np.float32)).to(self.device) for each in (slates.clicks, slates.conversions)
        )
        self.optimizer.zero_grad()
        for member in range(self.members):
            logits = self.networks[member](inputs)
            loss = self._of_clicks(logits, clicks) + self._known(places) * self._of_conversions(
                logits, inputs, clicks, conversions, places
            )
            if self.members > 1:
                weight = _weights(self.replay.numbers(places), self.seed, member)
                loss = loss * torch.from_numpy(weight[:, None]).to(self.device)
            total = total + loss.mean()
        total.backward()
        self.optimizer.step()

    @property
    def _examined(self) -> Tensor:
        """(k,) the examination of each rank, relative to the one that is examined most."""
        relative = self.position_bias.relative
        return torch.from_numpy((relative / relative.max()).astype(np.float32)).to(self.device)

    def _known(self, places: NDArray[np.int64]) -> Tensor:
        """(n, 1) 1 where conversions of a slate are learned, 0 where they are not known yet."""
        elapsed = self.replay.elapsed(places)[:, None]
        least = {"wait": self.problem.longest_delay, "delayed-feedback": 0}.get(self.delay, min(self.problem.longest_delay, 1))
        return torch.from_numpy((elapsed >= least).astype(np.float32)).to(self.device)

    def _of_clicks(self, logits: Tensor, clicks: Tensor) -> Tensor:
        """(n, k) the loss of clicks."""
        click = logits[..., 0]
        return losses.of_clicks(click, self._examined.expand_as(click), clicks)

    def _of_conversions(
        self, logits: Tensor, inputs: Inputs, clicks: Tensor, conversions: Tensor, places: NDArray[np.int64]
    ) -> Tensor:
        """(n, k) the loss of conversions."""
        click, conversion = logits[..., 0], logits[..., 1]
        if self.delay == "fake-negative":
            return losses.fake_negative(conversion, clicks, conversions)
        if self.delay == "delayed-feedback":
            delay, elapsed = (
                torch.from_numpy(each.astype(np.float32)).to(self.device)
                for each in (self.replay.delay[places] + 0.5, self.replay.elapsed(places)[:, None] + 0.5)
            )
            return losses.delayed_feedback(conversion, self.networks[-1](inputs), clicks, conversions, delay, elapsed)
        if self.loss == "entire-space":
            return losses.of_both(click, conversion, self._examined.expand_as(click), conversions)
        return losses.of_clicked(conversion, clicks, conversions)


_OF_ITEMS = ("encoder.item.weight", "own.0.weight", "own.1.weight")  # tables with a row for each item


def _weights(number: NDArray[np.int64], seed: int, member: int) -> NDArray[np.float32]:
    """(n,) 0 or 2, the weight of slates for a member of an ensemble, always the same for the same number of a slate."""
    mixed = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64((seed + 0x51A7E * (member + 1)) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # SplitMix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed >> np.uint64(63)) * 2).astype(np.float32)


def _on_cpu(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _on_cpu(each) for key, each in value.items()}
    return value.cpu() if isinstance(value, Tensor) else value


def _device(name: str) -> torch.device:
    """The device of a name.

    Raises:
        ValueError: torch does not know it, or it is not here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"device is {name!r}, which cannot be used here ({first}): expected cpu, or cuda on a machine with a GPU"
        ) from None
    return device


def _examination(values: Sequence[float], slate_size: int) -> NDArray[np.float64]:
    """Given examinations, relative to that of the first rank.

    Raises:
        ValueError: not one above 0 for each rank.
    """
    given = np.asarray(values, np.float64)
    if given.shape != (slate_size,) or not (np.isfinite(given) & (given > 0)).all():
        raise ValueError(f"examination is {values!r}: expected {slate_size} numbers above 0, one for each rank")
    return np.asarray(given / given[0])
