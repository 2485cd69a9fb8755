"""Text vectors fine-tuned for clicks and conversions together: an adapter on top of a frozen encoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits, logsigmoid

from slategym.sim.features.components import principal_components
from slategym.utils.arrays import check_numbers
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, PositiveShare, Seed
from slategym.utils.standardize import standardised

HELD_OUT = 0.2  # share of the items held out for validation; items, because the vectors are meant for new items
PATIENCE = 3  # epochs without a lower validation loss after which training stops


class Impressions(NamedTuple):
    """The answers to l impressions, such as a log of random slates.

    Attributes:
        context: (l, c) what was seen of the shopper.
        item: (l,) int64.
        rank: (l,) int64.
        click: (l,) bool.
        conversion: (l,) bool.
    """

    context: NDArray[np.floating]
    item: NDArray[np.int64]
    rank: NDArray[np.int64]
    click: NDArray[np.bool_]
    conversion: NDArray[np.bool_]


class Adapter(nn.Module):
    """A linear map of the vectors, and scores for clicks and conversions that are bilinear in context and mapped vector.

    Args:
        directions: (e, s) the initial map.
        context: c, the number of context columns.
        ranks: k, the number of ranks; each has its own click logit, for the position bias.
    """

    def __init__(self, directions: NDArray[np.float32], context: int, ranks: int) -> None:
        super().__init__()
        size = directions.shape[1]
        self.map = nn.Parameter(torch.from_numpy(directions.copy()))
        self.start = torch.from_numpy(directions.copy())
        self.context = nn.Linear(context, 2)
        self.own = nn.Linear(size, 2, bias=False)
        self.both = nn.Parameter(torch.zeros(2, context, size))
        self.rank = nn.Parameter(torch.zeros(ranks))
        for layer in (self.context, self.own):
            nn.init.zeros_(layer.weight)
        with torch.no_grad():
            self.context.bias.copy_(torch.tensor([-3.0, -3.0]))

    def forward(self, vectors: Tensor, context: Tensor, rank: Tensor) -> Tensor:
        """(l, 2) the logits of a click, and of a conversion given a click.

        Args:
            vectors: (l, e), vectors of the items.
            context: (l, c).
            rank: (l,).
        """
        mapped = vectors @ self.map
        pairs = torch.einsum("lc,ocs,ls->lo", context, self.both, mapped)
        logits = self.context(context) + self.own(mapped) + pairs
        return torch.stack([logits[:, 0] + self.rank[rank], logits[:, 1]], dim=1)


@checked
def tuned_vectors(
    vectors: NDArray[np.floating],
    impressions: Impressions,
    *,
    size: Dimensions = 16,
    epochs: Count = 20,
    batch_size: Count = 2048,
    learning_rate: Positive = 3e-3,
    decay: NonNegative = 1e-3,
    share: PositiveShare = 1.0,
    seed: Seed = 0,
) -> NDArray[np.float32]:
    """Text vectors of few dimensions, chosen to predict clicks and conversions.

    A linear map on top of the frozen encoder starts from the principal components. With one loss for both it learns to predict
    clicks and, in the entire space of impressions, conversions (Ma et al., "Entire space multi-task model", SIGIR 2018,
    arXiv:1804.07931; for adapters: Houlsby et al., "Parameter-efficient transfer learning for NLP", 2019, arXiv:1902.00751). It
    is regularised towards its initial value (Li et al., "Explicit inductive bias for transfer learning", 2018, arXiv:1802.01483).
    A fifth of the items is held out; the result is the map of the epoch with the lowest loss on their impressions.

    Args:
        vectors: (m, e) the encoder's vectors of all items' texts, also of items without impressions.
        impressions: impressions of some of the items.
        size: s, the largest number of dimensions.
        epochs: largest number of epochs over the impressions.
        batch_size: impressions per step.
        learning_rate: learning rate of Adam.
        decay: weight of the squared distance of the map from its initial value.
        share: weight of the loss of clicks; that of conversions is always 1.
        seed: seed of the order of the impressions and of the choice of held-out items.

    Returns:
        (m, s) float32, the principal components of the mapped vectors.

    Raises:
        ValueError: an item or rank is out of range, impressions have different lengths, or all vectors are equal.
    """
    _check(impressions, len(vectors))
    random = np.random.default_rng(seed)
    centred = np.asarray(vectors, np.float64) - np.asarray(vectors, np.float64).mean(axis=0)
    frozen = principal_components(centred, size).astype(np.float64)
    directions = np.linalg.lstsq(centred, frozen, rcond=None)[0].astype(np.float32)
    order = random.permutation(np.unique(impressions.item))
    held = np.isin(impressions.item, order[: max(1, int(HELD_OUT * len(order)))])
    data = _Tensors.of(centred, impressions)
    model = Adapter(directions, data.context.shape[1], int(impressions.rank.max()) + 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    best, chosen, waited = np.inf, directions, 0
    learned, judged = np.flatnonzero(~held), torch.from_numpy(np.flatnonzero(held))
    with _one_thread():
        for _ in range(epochs):
            for rows in np.array_split(random.permutation(learned), max(1, len(learned) // batch_size)):
                optimizer.zero_grad()
                loss = data.loss(model, torch.from_numpy(rows), share) + decay * ((model.map - model.start) ** 2).sum()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                now = float(data.loss(model, judged, share))
            waited = 0 if now < best else waited + 1
            if now < best:
                best, chosen = now, model.map.detach().numpy().copy()
            if waited == PATIENCE:
                break
    return principal_components(centred @ chosen.astype(np.float64), size)


class _Tensors(NamedTuple):
    """The impressions as tensors, and the vectors of all items."""

    vectors: Tensor
    context: Tensor
    item: Tensor
    rank: Tensor
    click: Tensor
    conversion: Tensor

    @staticmethod
    def of(vectors: NDArray[np.float64], impressions: Impressions) -> _Tensors:
        return _Tensors(
            torch.from_numpy(vectors.astype(np.float32)),
            torch.from_numpy(standardised(impressions.context).astype(np.float32)),
            torch.from_numpy(np.asarray(impressions.item, np.int64)),
            torch.from_numpy(np.asarray(impressions.rank, np.int64)),
            torch.from_numpy(np.asarray(impressions.click, np.float32)),
            torch.from_numpy(np.asarray(impressions.conversion, np.float32)),
        )

    def loss(self, model: Adapter, rows: Tensor, share: float) -> Tensor:
        """The cross-entropy of clicks, and of clicks that convert, over some impressions."""
        logits = model(self.vectors[self.item[rows]], self.context[rows], self.rank[rows])
        both = torch.exp(logsigmoid(logits[:, 0]) + logsigmoid(logits[:, 1]))
        clicks = binary_cross_entropy_with_logits(logits[:, 0], self.click[rows])
        return share * clicks + binary_cross_entropy(both, self.conversion[rows])


def _check(impressions: Impressions, items: int) -> None:
    count = len(impressions.item)
    for name, array in impressions._asdict().items():
        if len(array) != count:
            raise ValueError(f"impressions.{name} has {len(array)} rows: expected {count}, one for each impression")
    check_numbers(impressions.item, items, "impressions.item", "an item", (None,))
    check_numbers(impressions.rank, 2**31, "impressions.rank", "a rank", (None,))
    if count == 0:
        raise ValueError("there are no impressions: expected some to learn from")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread, because sums split among threads are rounded differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
