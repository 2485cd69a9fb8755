"""The items of a shop, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.slate import Items, check_items
from slategym.utils.arrays import as_array, check_numbers
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import as_float32, standardised, within

Floats = NDArray[np.float32]
OWN = "own"  # the features that belong to no block
TEXTS = ("names", "titles", "descriptions")  # fields with a text for each item
CATEGORIES = 2**24  # float32, the type of a kernel's table, holds this many numbers exactly


@dataclass(frozen=True, eq=False, repr=False)
class Catalog(Brief):
    """The items of a shop; entry `i` of each field belongs to item `i`.

    Attributes:
        features: (m, d) float32, what the recommender sees of an item.
        taste: (m, q) float32, latent; its inner product with a shopper's taste is the fit.
        category: (m,) int64, ids 0..g-1.
        price: (m,) float32, in the shop's currency.
        margin: (m,) float32, profit as a share of the price.
        quality: (m,) float32, latent; a high quality makes conversions more likely.
        appeal: (m,) float32, latent; a high appeal makes clicks more likely.
        names: (m,) labels; empty: the item's number is its label.
        bid: (m,) float32, what an advertiser pays the shop for a click on the item; 0 (the default) for items without advertiser.
        feature_names: (d,) names of the features; empty if they have no names.
        titles: (m,) texts that customers read, for text encoders; empty if there are none.
        descriptions: (m,) longer texts, "" for items without one; empty if there are none at all.
        blocks: name and width of each block of features that was added to the item's own (`sim.features.blocks.with_features`):
            the last columns of `features`, in this order.

    Raises:
        ValueError: the length or shape of a field does not match `features`, or a number does not fit float32 (a NaN, 1e39, or a
            price above 0 that would become 0).
    """

    features: Floats
    taste: Floats
    category: NDArray[np.int64]
    price: Floats
    margin: Floats
    quality: Floats
    appeal: Floats
    names: tuple[str, ...] = ()
    bid: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    feature_names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    blocks: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "category", _whole(self.category))
        prices = np.asarray(self.price)
        if len(self.bid) == 0:
            object.__setattr__(self, "bid", np.zeros(len(self.features), np.float32))
        for each in fields(self):
            if each.name in TEXTS or each.name in ("feature_names", "blocks"):
                continue
            given, name = getattr(self, each.name), f"catalog.{each.name}"
            # A copy, so that later changes of the argument have no effect.
            array = np.array(given, np.int64) if each.name == "category" else as_float32(name, given)
            dimensions = 2 if each.name in ("features", "taste") else 1
            if array.ndim != dimensions or len(array) != len(self.features):
                raise ValueError(
                    f"{name} has shape {array.shape}: expected {dimensions} dimension(s) "
                    f"and one row for each of the {len(self.features)} items"
                )
            array.flags.writeable = False
            object.__setattr__(self, each.name, array)
        check_numbers(self.category, CATEGORIES, "catalog.category", "a category")
        lost = (self.price == 0) & (prices != 0)
        if lost.any():  # the item would be free
            row = int(np.argmax(lost))
            raise ValueError(f"catalog.price[{row}] is {prices[row]}: expected {within(above_zero=True)}, or 0")
        if self.bid.min() < 0:
            raise ValueError(f"catalog.bid holds {self.bid.min():g}: expected the price of a click, at least 0")
        for name in TEXTS:
            texts = tuple(getattr(self, name))
            if texts and len(texts) != self.size:
                raise ValueError(f"catalog.{name} has {len(texts)} entries for {self.size} items")
            if odd := [text for text in texts if not isinstance(text, str)][:1]:
                raise ValueError(f"catalog.{name} holds {odd[0]!r}: expected texts")
            object.__setattr__(self, name, texts)
        if self.feature_names and len(self.feature_names) != self.features.shape[1]:
            raise ValueError(f"catalog.feature_names has {len(self.feature_names)} entries for {self.features.shape[1]} features")
        _check_blocks(self.blocks, self.features.shape[1])

    def __getstate__(self) -> dict[str, Any]:
        """The fields, without empty fields of text, so that a catalogue without text keeps its fingerprint."""
        return {name: value for name, value in vars(self).items() if name not in ("titles", "descriptions", "blocks") or value}

    @staticmethod
    def of(
        features: ArrayLike,
        category: ArrayLike,
        *,
        taste: ArrayLike | None = None,
        price: ArrayLike | None = None,
        quality: ArrayLike | None = None,
        appeal: ArrayLike | None = None,
    ) -> Catalog:
        """Make a catalogue from some of the fields, for worlds without prices, tastes and so on.

        Args:
            features: (m, d).
            category: (m,).
            taste: (m, q); default: no dimensions.
            price: (m,); default: 1.
            quality: (m,); default: 0.
            appeal: (m,); default: 0.
        """
        nothing = np.zeros(len(np.asarray(category)), np.float32)
        return Catalog(
            features=np.asarray(features),
            taste=np.zeros((len(nothing), 0), np.float32) if taste is None else np.asarray(taste),
            category=np.asarray(category),
            margin=nothing,
            price=nothing + 1 if price is None else np.asarray(price),
            quality=nothing if quality is None else np.asarray(quality),
            appeal=nothing if appeal is None else np.asarray(appeal),
        )

    def _told(self) -> Iterable[str]:
        yield f"{self.size:,} items"
        yield f"{self.categories} categories"
        yield f"{self.features.shape[1]} features"

    @property
    def size(self) -> int:
        """The number of items, m."""
        return len(self.features)

    @property
    def categories(self) -> int:
        """The number of categories, g."""
        return int(self.category.max()) + 1

    @cached_property
    def dearness(self) -> Floats:
        """(m,) float32, the log price in standard deviations from the catalogue's mean; 0 if all prices are equal.

        Raises:
            ValueError: a price is not above 0.
        """
        if (self.price <= 0).any():
            row = int(np.argmax(self.price <= 0))
            raise ValueError(f"catalog.price[{row}] = {self.price[row]:g}: expected prices above 0 to compare them")
        return np.asarray(standardised(np.log(self.price.astype(np.float64))), np.float32)

    def name(self, item: int) -> str:
        """The label of an item.

        Args:
            item: the number of the item.

        Raises:
            ValueError: the catalogue has no such item.
        """
        item = int(check_numbers(item, self.size, "item", shape=()))
        return self.names[item] if self.names else str(item)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """(m,) "title. description" of each item, "" for items without; () if the catalogue has neither."""
        described = [texts for texts in (self.titles, self.descriptions) if texts]
        return tuple(". ".join(filter(None, parts)) for parts in zip(*described, strict=True))

    @property
    def block_columns(self) -> dict[str, slice]:
        """The columns of each block of features, by name; "own" stands for the columns of no block, which come first."""
        start = self.features.shape[1] - sum(width for _, width in self.blocks)
        found = {OWN: slice(0, start)}
        for name, width in self.blocks:
            found[name] = slice(start, start + width)
            start += width
        return found

    @overload
    def check(self, items: ArrayLike, rows: int | None = None, name: str = "slate") -> Items: ...
    @overload
    def check(self, items: None, rows: int | None = None, name: str = "slate") -> None: ...
    def check(self, items: ArrayLike | None, rows: int | None = None, name: str = "slate") -> Items | None:
        """Check items (n, k) and return them as int64, before `price[items]` and similar uses; None, for all items, stays None.

        Args:
            items: numbers of items.
            rows: n, if it is known.
            name: the name of the argument, for the message.

        Raises:
            ValueError: not whole numbers (n, k), or no item; the message names row, rank, value and range.
        """
        return None if items is None else check_items(items, self.size, name, (rows, None))


def _check_blocks(blocks: Sequence[tuple[str, int]], width: int) -> None:
    names = [name for name, _ in blocks]
    if OWN in names or len(set(names)) < len(names):
        raise ValueError(f"catalog.blocks are called {', '.join(names)}: expected different names, none of them {OWN!r}")
    if min([size for _, size in blocks], default=1) < 1 or sum(size for _, size in blocks) > width:
        raise ValueError(f"catalog.blocks are {tuple(blocks)!r}: expected a width from 1 of each, at most {width} columns in all")


def _whole(category: ArrayLike) -> NDArray[np.int64]:
    """Return categories as int64 if they are whole numbers."""
    array = as_array(category, "catalog.category")
    if array.dtype.kind == "f" and array.ndim == 1:
        wrong = ~(np.floor(array) == array) | ~(abs(array) < 2**53)
        if wrong.any():
            row = int(np.argwhere(wrong)[0, 0])
            raise ValueError(f"catalog.category[{row}] is {array[row]}: expected a whole number from 0")
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"catalog.category has dtype {array.dtype}: expected whole numbers from 0")
    return array.astype(np.int64) if array.dtype.kind != "u" else array
