"""A shop of one's own from files: items and segments of shoppers as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.worlds.shop.model import Segments
from slategym.utils.lookup import check_name, nearest
from slategym.utils.standardize import standardised, within

Floats = NDArray[np.float64]
ITEM_COLUMNS = ("id", "category", "price", "margin")
LATENT_COLUMNS = ("quality", "appeal")
BID = "bid"
SEGMENT_COLUMNS = ("segment", "share", "price_sensitivity")


class Table:
    """The columns of a CSV or Parquet file, read so that what is wrong can be named by row and column.

    Raises:
        ValueError: no such file, no rows, or it cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        import pyarrow as pa
        from pyarrow import csv, parquet

        self.path = Path(path)
        if not self.path.is_file():
            raise ValueError(f"there is no file {self.path}: the folder here is {Path.cwd()}")
        try:
            if self.path.suffix == ".parquet":
                table = parquet.read_table(self.path)
            else:
                with self.path.open(encoding="utf-8-sig") as lines:
                    names = [name.strip().strip('"') for name in lines.readline().rstrip("\n").split(",")]
                # As text: a cell that is no number is then ours to name.
                types = dict.fromkeys(names, pa.string())
                as_text = csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
                table = csv.read_csv(self.path, convert_options=as_text)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise ValueError(f"{self.path} cannot be read: {error}. Expected CSV with a header line, or Parquet") from error
        self.columns = {name.strip(): table.column(name).to_pylist() for name in table.column_names}
        self.rows = table.num_rows
        if self.rows == 0:
            raise ValueError(f"{self.path} has no rows: expected one a line below the header")

    def place(self, row: int) -> str:
        """How a person finds a row: by its line in a text."""
        return f"row {row + 1}" if self.path.suffix == ".parquet" else f"line {row + 2}"

    def where(self, row: int, column: str) -> str:
        """How a person finds a cell."""
        return f"{self.path}, {self.place(row)}, column {column!r}"

    def texts(self, column: str) -> list[str]:
        """A column as text; every cell must hold some."""
        if column not in self.columns:
            raise ValueError(
                f"{self.path} has no column {column!r}.{nearest(column, self.columns)} It has: {', '.join(self.columns)}"
            )
        for row, cell in enumerate(self.columns[column]):
            if cell is None or str(cell).strip() == "":
                raise ValueError(f"{self.where(row, column)} is empty: expected a value")
        return [str(cell).strip() for cell in self.columns[column]]

    def numbers(self, column: str, low: float = -np.inf, high: float = np.inf, above: float = -np.inf) -> Floats:
        """A column as float64 within [low, high] and above `above`, also once it is kept in float32."""
        result = np.empty(self.rows)
        for row, cell in enumerate(self.texts(column)):
            try:
                result[row] = float(cell)
            except ValueError:
                raise ValueError(f"{self.where(row, column)} is {cell!r}: expected a number") from None
            if not (np.isfinite(result[row]) and low <= result[row] <= high and result[row] > above):
                span = (
                    f"above {above:g}" if above > -np.inf else f"from {low:g} to {high:g}" if high < np.inf else "that is finite"
                )
                raise ValueError(f"{self.where(row, column)} is {cell}: expected a number {span}")
        with np.errstate(over="ignore", under="ignore"):
            kept = result.astype(np.float32)
        lost = ~np.isfinite(kept) | ~(kept > above)
        if lost.any():
            row = int(np.argmax(lost))
            raise ValueError(f"{self.where(row, column)} is {self.columns[column][row]}: expected {within(above >= 0)}")
        return result


def read_catalog(path: str | Path) -> Catalog:
    """Items from a CSV or Parquet file.

    Columns: `id` (any text, no two alike), `category` (any text), `price` (above 0), `margin` (share of the price, -1 to 1); if
    there are any, `quality` and `appeal` (latent, about -2 to 2; 0 where absent), `bid` (what an advertiser pays for a click; 0
    where absent), and any numeric columns, which are the features beside the price. Features are standardised; the latent taste
    is the numeric columns, scaled to a length of one on average.

    Args:
        path: of the file.

    Raises:
        ValueError: names the file, the line, the column and the reason.
    """
    table = Table(path)
    identity, labels = table.texts("id"), table.texts("category")
    seen: dict[str, int] = {}
    for row, name in enumerate(identity):
        if name in seen:
            raise ValueError(f"{table.where(row, 'id')} is {name!r}, as in {table.place(seen[name])}: expected each item once")
        seen[name] = row
    price, margin = table.numbers("price", above=0), table.numbers("margin", -1, 1)
    latent = [table.numbers(name) if name in table.columns else np.zeros(table.rows) for name in LATENT_COLUMNS]
    features = feature_names(table)
    own = standardised(np.stack([table.numbers(name) for name in features], axis=1)) if features else np.zeros((table.rows, 1))
    return Catalog(
        features=np.concatenate([own, standardised(np.log(price))[:, None]], axis=1).astype(np.float32),
        taste=(own / np.sqrt(max(len(features), 1))).astype(np.float32),
        category=np.unique(labels, return_inverse=True)[1],
        price=price.astype(np.float32),
        margin=margin.astype(np.float32),
        quality=latent[0].astype(np.float32),
        appeal=latent[1].astype(np.float32),
        names=tuple(identity),
        bid=table.numbers(BID, low=0).astype(np.float32) if BID in table.columns else np.zeros(table.rows, np.float32),
    )


def feature_names(table: Table) -> list[str]:
    """The columns of an items' table that are features, in order."""
    return [name for name in table.columns if name not in (*ITEM_COLUMNS, *LATENT_COLUMNS, BID)]


def read_segments(path: str | Path, items: str | Path) -> Segments:
    """Segments of shoppers from a CSV or Parquet file.

    Columns: `segment` (its name; letters, digits, ".", "_" and "-"), `share` (above 0, scaled to sum to one),
    `price_sensitivity` (above 0; 1 is normal), and for features of the items' file, by the same names, what the segment's taste
    is for it (about -2 to 2; 0 where absent).

    Args:
        path: the segments' file.
        items: the items' file that `read_catalog` reads, for the names of its features.

    Raises:
        ValueError: names the file, the line, the column and the reason.
    """
    table, features = Table(path), feature_names(Table(items))
    refuse_unknown(table, [*SEGMENT_COLUMNS, *features])
    names = table.texts("segment")
    for row, name in enumerate(names):
        check_name(f"{table.where(row, 'segment')}: a segment", name)
    taste = [table.numbers(name) if name in table.columns else np.zeros(table.rows) for name in features]
    return Segments(
        share=table.numbers("share", above=0),
        taste=np.stack(taste or [np.zeros(table.rows)], axis=1),
        price_sensitivity=table.numbers("price_sensitivity", above=0),
        names=tuple(names),
    )


def refuse_unknown(table: Table, known: Sequence[str]) -> None:
    """A column that means nothing is a mistake, not a comment."""
    for name in table.columns:
        if name not in known:
            raise ValueError(
                f"{table.path} has a column {name!r} that nothing reads.{nearest(name, known)} Known: {', '.join(known)}"
            )
