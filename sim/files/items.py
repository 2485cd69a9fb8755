"""A catalogue from a file or a data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.files.features import Feature, HeavyTails, Missing, Text, features_of, tamed
from slategym.sim.files.table import Table, is_missing
from slategym.utils.checked import checked
from slategym.utils.lookup import nearest
from slategym.utils.standardize import standardised

if TYPE_CHECKING:
    import pyarrow as pa

ITEM_COLUMNS = ("id", "category", "price", "margin")
LATENT_COLUMNS = ("quality", "appeal")
BID = "bid"
TEXT_COLUMNS = ("title", "description")
ROLES = (*ITEM_COLUMNS, *LATENT_COLUMNS, BID, *TEXT_COLUMNS)


@checked
def read_catalog(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    features: Sequence[str] | None = None,
    text: Text = "refuse",
    missing: Missing = "refuse",
    heavy_tails: HeavyTails = "tame",
    encoding: str | None = None,
) -> Catalog:
    """Read items from a file or a data frame.

    Required columns: `id` (any text, all different), `category` (any text), `price` (above 0), `margin` (share of the price, -1
    to 1). Optional columns: `quality` and `appeal` (latent, about -2 to 2; default 0), `bid` (what an advertiser pays for a
    click; default 0), `title` and `description` (texts that customers read; see `sim.text`). All other columns are features, and
    so is the price. Numbers are features as they are; true and false (or yes and no) become 1 and 0, and dates (2026-11-26)
    become days. Features are standardised. The latent taste consists of the features without the price, scaled to an average
    length of one.

    Args:
        source: the path of a CSV or Parquet file, with or without gzip compression, with any file extension; or a data frame of
            pandas, polars, pyarrow or another library with `__arrow_c_stream__`. A CSV file is in UTF-8 or UTF-16 and has a
            header line. Its separator (comma, semicolon, tab or bar) is detected; if it is not the comma, numbers may have
            decimal commas.
        columns: the name in the source of each column above, or of features: `{"id": "sku"}`.
        features: names of the columns that are features; default: all other columns.
        text: how to treat other columns of text: "refuse" (an error); "one-hot", a feature of 0 and 1 for each of the ten most
            frequent texts and one for all others; or "leave-out".
        missing: how to treat empty cells of features: "refuse" (an error); or "fill", with the mean of the column, and with an
            additional feature that is 1 where the cell was empty.
        heavy_tails: "tame", see `features.tamed`; or "keep".
        encoding: the encoding of a CSV file that is neither in UTF-8 nor in UTF-16, such as "latin-1".

    Raises:
        ValueError: the source has faults; the message lists all of them, each with line, column and reason.
    """
    table = Table(source, ROLES, columns, encoding)
    complete = [table.has(name) for name in ITEM_COLUMNS]
    chosen = _chosen(table, features)
    identity = table.texts("id") if complete[0] else None
    labels = table.texts("category") if complete[1] else None
    price = table.numbers("price", above=0) if complete[2] else None
    margin = table.numbers("margin", -1, 1) if complete[3] else None
    latent = [table.numbers(name) if name in table.columns else np.zeros(table.rows) for name in LATENT_COLUMNS]
    bid = table.numbers(BID, low=0) if BID in table.columns else np.zeros(table.rows)
    texts = [_texts(table, name) for name in TEXT_COLUMNS]
    own = [feature for name in chosen for feature in features_of(table, name, text, missing)]
    names = [feature.name for feature in own]
    for name in sorted({name for name in names if names.count(name) > 1}):
        table.fault(f"gives two features the name {name!r}: rename a column with columns={{...}}")
    if identity is not None:
        _refuse_twins(table, identity)
    table.refuse()
    assert identity is not None and labels is not None and price is not None and margin is not None  # noqa: PT018
    matrix = _matrix(own, table.rows, standardised if heavy_tails == "keep" else tamed)
    return Catalog(
        features=np.concatenate([matrix, standardised(np.log(price))[:, None]], axis=1).astype(np.float32),
        taste=(matrix / np.sqrt(max(len(own), 1))).astype(np.float32),
        category=_numbered(labels),
        price=price.astype(np.float32),
        margin=margin.astype(np.float32),
        quality=latent[0].astype(np.float32),
        appeal=latent[1].astype(np.float32),
        names=tuple(identity.to_pylist()),
        bid=bid.astype(np.float32),
        feature_names=(*names, "log price") if own else (),
        titles=texts[0],
        descriptions=texts[1],
    )


def _chosen(table: Table, features: Sequence[str] | None) -> list[str]:
    """The names of the columns that are features."""
    others = [name for name in table.columns if name not in ROLES]
    if features is None:
        return others
    for name in features:
        if name not in others:
            table.fault(f"has no column {name!r} for a feature.{nearest(name, others)} It has: {', '.join(others)}")
    return [name for name in others if name in features]


def _matrix(own: Sequence[Feature], rows: int, scaled: Any) -> NDArray[np.float64]:
    """(m, d) the features on one scale; a column of zeros if there are none."""
    if not own:
        return np.zeros((rows, 1))
    return np.stack([scaled(feature.values) for feature in own], axis=1)


def _texts(table: Table, column: str) -> tuple[str, ...]:
    """(m,) the texts of a column, "" for empty cells; () if there is no such column, or all cells are empty."""
    if column not in table.columns:
        return ()
    found = tuple(text or "" for text in table.text_of(column).to_pylist())
    return found if any(found) else ()


def _numbered(labels: pa.Array) -> NDArray[np.int64]:
    """(m,) the numbers of labels, in the order of the sorted labels."""
    encoded = labels.dictionary_encode()
    order = np.argsort(np.array(encoded.dictionary.to_pylist(), object))
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    return np.asarray(number[encoded.indices.to_numpy(zero_copy_only=False)])


def _refuse_twins(table: Table, identity: pa.Array) -> None:
    """Note items whose id occurs twice."""
    encoded = identity.dictionary_encode()
    if len(encoded.dictionary) == len(identity):
        return
    numbers = encoded.indices.to_numpy(zero_copy_only=False)
    known = ~np.isnan(numbers) if numbers.dtype.kind == "f" else np.ones(len(numbers), np.bool_)
    _, first, inverse = np.unique(numbers[known], return_index=True, return_inverse=True)
    rows = np.flatnonzero(known)
    earlier = np.arange(table.rows)
    earlier[rows] = rows[first][inverse]
    twins = np.flatnonzero((earlier != np.arange(table.rows)) & ~is_missing(identity))

    def said(row: int) -> str:
        return f"is {table.cell('id', row)!r}, as in {table.source.place(int(earlier[row]))}: expected each item only once"

    table.faults_at("id", twins, said)
