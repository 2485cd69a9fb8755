"""SlateQ with a network, a target network and a replay buffer."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.base import Problem
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.policy_gradient.network import arrays, tensors
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.values.agent import SlateQ, Values
from slategym.agents.values.click_rule import LARGEST, ClickRule
from slategym.agents.values.network import OF_ITEMS, ValueNetwork, squares_of
from slategym.agents.values.optimisers import Optimiser
from slategym.agents.values.transitions import TransitionReplay, Transitions
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share, Whole
from slategym.utils.standardize import standardised, standardised_as

FLOOR = 1e-6  # smallest probability and variance


class NetworkSlateQ(SlateQ):
    """SlateQ with values from a network, which learns from past slates repeatedly.

    The network has two towers. They predict the odds of a click and, for each objective, the rewards of the click and its effect
    on later visits. The first is learned by likelihood, the second by the squared error of the clicked items' rewards, and the
    third, together with the value of no click, by the squared error of the return: the rewards of the next `horizon` visits plus
    the target network's value of the best slate after them.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers and of the network's initial weights.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        discount: discount factor per visit; 0 considers only the present visit (myopic).
        horizon: number of visits, including the present one, whose observed rewards are used; the target network estimates the
            rest. 1 is the published form.
        optimiser: how slates are built: "lp" finds the best slate by the linear program; "top-k" takes the largest products of
            weight and gain; "greedy" fills rank by rank.
        click_model: "multinomial": at most one click per slate; "position-based": ranks are independent; "auto": multinomial
            until a slate gets several clicks.
        epsilon: final probability of a random item at a rank, or of a random slate.
        anneal: number of slates over which the probability falls linearly from 1 to `epsilon`; 0: `epsilon` from the start.
        exploration: "item" shows random items, "slate" random slates.
        learning_rate: learning rate of Adam.
        item_learning_rate: learning rate of AdaGrad (Duchi, Hazan, Singer, JMLR 2011) for the free parts of items,
            which do not depend on their features.
        weight_decay: weight decay of Adam (Loshchilov, Hutter, ICLR 2019).
        batch_size: slates per gradient step.
        passes: gradient steps for each `batch_size` new slates.
        replay: number of past slates kept to learn from.
        target_steps: number of gradient steps after which the network is copied to the target network.
        hidden: number of units of hidden layers.
        width: length of the towers' vectors.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "slateq:network"
    _losses: tuple[float, ...] = ()

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        discount: Share = 1.0,
        horizon: Count = 5,
        optimiser: Optimiser = "lp",
        click_model: ClickRule = "auto",
        epsilon: Share = 0.05,
        anneal: Whole = 5000,
        exploration: Literal["item", "slate"] = "item",
        learning_rate: Positive = 0.003,
        item_learning_rate: Positive = 0.03,
        weight_decay: NonNegative = 0.01,
        batch_size: Count = 100,
        passes: Count = 3,
        replay: Count = 100_000,
        target_steps: Count = 100,
        hidden: Dimensions = 64,
        width: Dimensions = 16,
    ) -> None:
        super().__init__(
            problem,
            seed,
            scalarizer,
            discount=discount,
            horizon=horizon,
            optimiser=optimiser,
            click_model=click_model,
            epsilon=epsilon,
            anneal=anneal,
            exploration=exploration,
        )
        self.learning_rate, self.item_learning_rate, self.weight_decay = learning_rate, item_learning_rate, weight_decay
        self.batch_size, self.passes, self.target_steps = batch_size, passes, target_steps
        objectives = len(problem.objective_names)
        self.normalizer = RunningNormalizer(problem.seen_columns)
        self.own_moments, self.rest_moments = RunningNormalizer(objectives), RunningNormalizer(objectives)
        self.replay = TransitionReplay(replay)
        self.owed, self.steps = 0.0, 0  # gradient steps that are due, and gradient steps so far
        self._build(hidden, width)

    def _build(self, hidden: int, width: int) -> None:
        """Create the networks, with their initial weights, and the optimizers."""
        problem, sparse = self.problem, self.problem.candidates is not None
        features = _features(problem)
        size = (features, problem.seen_columns, len(problem.objective_names), hidden, width)
        with torch.random.fork_rng(devices=[]):  # torch initialises from its global generator, which must not change
            torch.manual_seed(self.seed)
            self.network, self.target = (ValueNetwork(*size, sparse=sparse) for _ in range(2))
        self.target.load_state_dict(self.network.state_dict())
        named = dict(self.network.named_parameters())
        shared = [parameter for name, parameter in named.items() if name not in OF_ITEMS]
        self.adam = torch.optim.AdamW(shared, lr=self.learning_rate, weight_decay=self.weight_decay, fused=True)

    # ---- saving

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, with the networks and the optimizers as arrays."""
        built = ("network", "target", "adam", "_losses")
        state = {name: value for name, value in self.__dict__.items() if name not in built}
        state["network"], state["target"] = (arrays(dict(each.state_dict())) for each in (self.network, self.target))
        state["moments_of_adam"] = arrays(self.adam.state_dict()["state"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        kept = dict(state)
        network, target, moments = kept.pop("network"), kept.pop("target"), kept.pop("moments_of_adam")
        self.__dict__.update(kept)
        units, objectives = len(network["base.hidden.0.bias"]), len(network["base.direct.bias"])
        self._build(units, len(network["shopper.direct.bias"]) // (1 + 2 * objectives))
        self.network.load_state_dict(tensors(network))
        self.target.load_state_dict(tensors(target))
        self.adam.load_state_dict({**self.adam.state_dict(), "state": tensors(moments)})

    def grow(self, problem: Problem) -> None:
        """Add items; they start with the estimates from their features, and zero vectors of their own."""
        state, before = self.__getstate__(), self.problem.items
        rows = ((0, problem.items - before), (0, 0))
        features = _features(problem, before)
        for network in (state["network"], state["target"]):
            network["features"] = np.concatenate([network["features"], features])
            network |= {name: np.pad(network[name], rows) for own in OF_ITEMS for name in (own, squares_of(own))}
        self.horizon.grow(problem)
        self.__setstate__({**state, "problem": problem})

    # ---- values

    @torch.no_grad()
    def values(self, seen: NDArray[np.float32], items: NDArray[np.int64] | None) -> Values:
        """The network's estimates."""
        return self._values(self.network, self._tensor(self.normalizer(seen)), items)

    def _values(self, network: ValueNetwork, x: Tensor, items: NDArray[np.int64] | None) -> Values:
        answers = network(x, None if items is None else torch.from_numpy(items)).double().numpy()
        base = network.base(x).double().numpy().T
        now, later = np.split(answers[1:], 2)
        own, rest = (self._spread(moments)[:, None] for moments in (self.own_moments, self.rest_moments))
        gain = now * own[..., None] + later * rest[..., None]
        return Values(np.exp(np.clip(answers[0], -LARGEST, LARGEST)), gain, base * rest + self.rest_moments.mean[:, None])

    # ---- learning

    def learn_transitions(self, transitions: Transitions) -> None:
        """Add the transitions to the replay, and make the gradient steps that are due."""
        self.normalizer.update(transitions.seen)
        self.rest_moments.update(transitions.rest)
        if transitions.clicks.any():
            self.own_moments.update(transitions.own[transitions.clicks])
        self.replay.add(transitions)
        self.owed += len(transitions.items) * self.passes / self.batch_size
        while self.owed >= 1:
            self._train(self.replay.draw(self.random, min(self.batch_size, len(self.replay))))
            self.owed -= 1

    @property
    def losses(self) -> dict[str, float]:
        """The losses of the last gradient step: of clicks, of their rewards, and of later visits."""
        return dict(zip(("click", "now", "later"), self._losses, strict=False))

    def _train(self, batch: Transitions) -> None:
        """Make a gradient step."""
        x, clicks = self._tensor(self.normalizer(batch.seen)), self._tensor(batch.clicks)
        logit, *answers = self.network(x, torch.from_numpy(batch.items))
        now, later = torch.stack(answers).chunk(2)
        own = self._tensor(batch.own / self._spread(self.own_moments)).permute(2, 0, 1)
        losses = [self._click_loss(logit, clicks), ((now - own) ** 2 * clicks).sum() / clicks.sum().clamp(min=1)]
        if self.discount or not self.horizon.of_clicks.all():
            rest = self._tensor((self._returns(batch) - self.rest_moments.mean) / self._spread(self.rest_moments))
            error = rest.T - self.network.base(x).T - (later * clicks).sum(dim=2)
            losses.append((error**2).sum() / len(x))
        self.network.zero_grad()
        torch.stack(losses).sum().backward()
        self.adam.step()
        self.network.adagrad(self.item_learning_rate)
        self._losses = tuple(float(loss.detach()) for loss in losses)
        self.steps += 1
        if self.steps % self.target_steps == 0:
            self.target.load_state_dict(self.network.state_dict())

    def _click_loss(self, logit: Tensor, clicks: Tensor) -> Tensor:
        """The negative log-likelihood of the clicks of a slate, averaged over slates."""
        logit = logit.clamp(-LARGEST, LARGEST)
        if self.click_chances.single:  # if a slate has several clicks nevertheless, each counts as a separate choice
            total = torch.logsumexp(torch.cat([torch.zeros_like(logit[:, :1]), logit], dim=1), dim=1)
            return (total * clicks.sum(dim=1).clamp(min=1) - (logit * clicks).sum(dim=1)).mean()
        chance = self._tensor(self.click_chances.examination) * torch.sigmoid(logit)
        return torch.nn.functional.binary_cross_entropy(chance.clamp(FLOOR, 1 - FLOOR), clicks) * logit.shape[1]

    @torch.no_grad()
    def _returns(self, batch: Transitions) -> NDArray[np.float64]:
        """(n, M) the rewards of the slates and of later visits, plus the target network's estimate of the rest."""
        returns, goes_on = batch.rest.astype(np.float64), batch.left > 0
        if goes_on.any():
            after, problem = batch.after[goes_on], self.problem
            x = self._tensor(self.normalizer(problem.seen(after)))
            guess = self.guessed(after, self._values(self.target, x, problem.candidates_in(after)))
            returns[goes_on] += batch.left[goes_on, None] * guess
        return returns

    def _spread(self, moments: RunningNormalizer) -> NDArray[np.float64]:
        """(M,) the root mean square of click rewards, or the standard deviation of returns."""
        square = moments.variance + (moments.mean**2 if moments is self.own_moments else 0)
        return np.sqrt(np.where(square > FLOOR, square, 1.0))

    @staticmethod
    def _tensor(values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32))


def _features(problem: Problem, before: int = 0) -> NDArray[np.float32]:
    """(m, d) the standardised features of the items; without features, one-hot categories, standardised."""
    raw = problem.features
    if not raw.shape[1]:
        raw = np.eye(int(problem.category.max()) + 1, dtype=np.float32)[problem.category]
    return standardised_as(raw[before:], raw[:before]).astype(np.float32) if before else standardised(raw).astype(np.float32)
