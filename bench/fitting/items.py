"""Descriptions of the items of a log, from its own columns or from a file of items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.bench.fitting.trials import Floats, Ints
from slategym.logs.impressions import ImpressionLog
from slategym.sim.catalog import Catalog
from slategym.utils.lookup import nearest
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import standardised

FREQUENT, MOST_LEVELS = 0.05, 10


@dataclass(frozen=True, repr=False)
class Described(Brief):
    """Descriptions of the items.

    Attributes:
        features: (m, d) the features of each item that recommenders see.
        feature_names: (d,) their names.
        category: (m,) numbers of the categories, from 0.
        price: (m,) the prices; 1 if unknown.
        priced: whether prices are known.
    """

    features: Floats
    feature_names: tuple[str, ...]
    category: Ints
    price: Floats
    priced: bool


def describe_items(log: ImpressionLog, items: Catalog | None = None) -> Described:
    """The descriptions of a log's items, in the order of their numbers in the log.

    Without a file, numeric columns become standardised features, and text columns become one feature for each frequent value. A
    column "category" gives the categories, and a column "price" gives the prices if all are above 0.

    Args:
        log: the impressions.
        items: items from a file, whose names (or numbers, if they have no names) are the ids of the log; other items are left
            out.

    Raises:
        ValueError: an item of the log is not in the file.
    """
    if items is not None:
        place = {items.name(number): number for number in range(items.size)}
        ids = [str(each) for each in log.ids["item"].tolist()]
        if missing := [each for each in ids if each not in place]:
            raise ValueError(
                f"--items has no item {missing[0]!r}, which the log shows ({len(missing)} of {len(ids)} are missing)."
                f"{nearest(missing[0], place)} Expected the ids of the log in its column 'id'"
            )
        rows = np.array([place[each] for each in ids])
        names = items.feature_names or tuple(f"feature_{number}" for number in range(items.features.shape[1]))
        category = np.unique(items.category[rows], return_inverse=True)[1]
        return Described(items.features[rows].astype(np.float64), names, category, items.price[rows].astype(np.float64), True)
    m = log.items
    columns: list[NDArray[np.float64]] = []
    names_: list[str] = []
    category, price, priced = np.zeros(m, np.int64), np.ones(m), False
    for name, values in log.features.items():
        if name in log.ids:
            if name == "category":
                category = np.unique(values, return_inverse=True)[1]
            count = np.bincount(values[values >= 0], minlength=len(log.ids[name]))
            for level in np.argsort(-count, kind="stable")[:MOST_LEVELS]:
                if FREQUENT * m <= count[level] < m:
                    columns.append((values == level).astype(np.float64))
                    names_.append(f"{name}={log.ids[name][level]}")
            continue
        numbers = np.asarray(values, np.float64)
        known = np.isfinite(numbers)
        if not known.any():
            continue
        filled = np.where(known, numbers, numbers[known].mean())
        if name == "price" and (filled > 0).all():
            price, priced = filled, True
        columns.append(standardised(filled))
        names_.append(name)
    features = np.stack(columns, axis=1) if columns else np.zeros((m, 0))
    return Described(features, tuple(names_), category, price, priced)
