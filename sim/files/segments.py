"""Reading segments of shoppers from a file or a data frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.files.items import read_catalog
from slategym.sim.files.table import Table, refuse_unknown
from slategym.sim.worlds.shop.model import Segments
from slategym.utils.checked import checked
from slategym.utils.lookup import check_name

SEGMENT_COLUMNS = ("segment", "share", "price_sensitivity")
PREFIX = "taste_"  # of the column of a taste whose feature has the name of one of those columns


@checked
def read_segments(source: Any, items: Any, *, columns: Mapping[str, str] | None = None, encoding: str | None = None) -> Segments:
    """Read segments of shoppers from a file or a data frame.

    Columns: `segment` (its name: letters, digits, ".", "_" and "-"), `share` (above 0; the shares are scaled to a sum of one),
    `price_sensitivity` (above 0; 1 is normal), and, with the names of features of the items, the segment's taste for each
    feature (about -2 to 2; default 0). If a feature has the name of one of the first three columns, its taste is in the column
    `taste_NAME`, such as `taste_share`.

    Args:
        source: as for `read_catalog`.
        items: the catalogue that `read_catalog` returned, or a source that it can read without further options.
        columns: the name in the source of each column above.
        encoding: as for `read_catalog`.

    Raises:
        ValueError: the source has faults; the message lists all of them, each with line, column and reason.
    """
    catalog = items if isinstance(items, Catalog) else read_catalog(items)
    if not catalog.feature_names and catalog.taste.any():
        raise ValueError("the catalogue does not name its features: expected one from read_catalog, or one with feature_names")
    features = catalog.feature_names[: catalog.taste.shape[1]] if len(catalog.feature_names) > catalog.taste.shape[1] else ()
    table = Table(source, SEGMENT_COLUMNS, columns, encoding)
    place = {name: f"{PREFIX}{name}" if name in SEGMENT_COLUMNS else name for name in features}
    refuse_unknown(table, [*SEGMENT_COLUMNS, *place.values()])
    complete = all([table.has(name) for name in SEGMENT_COLUMNS])  # noqa: C419, so that all missing columns are noted
    names: list[str] = [str(name) for name in table.texts("segment").to_pylist()] if "segment" in table.columns else []
    for row, name in enumerate(names):
        here = np.arange(table.rows) == row
        if name in names[:row]:
            earlier = table.source.place(names.index(name))
            table.faults_in("segment", here, f"is {{!r}}, as in {earlier}: expected each segment only once")
        try:
            check_name("a segment", name)
        except ValueError as error:
            if name not in ("", "None"):
                table.faults_in("segment", here, f"is {{!r}}: {str(error).partition(': ')[2]}")
    numbers = {name: table.numbers(name, above=0) for name in SEGMENT_COLUMNS[1:] if name in table.columns}
    taste = [table.numbers(at) if at in table.columns else np.zeros(table.rows) for at in place.values()]
    table.refuse()
    assert complete
    return Segments(
        share=numbers["share"],
        taste=np.stack(taste or [np.zeros(table.rows)], axis=1),
        price_sensitivity=numbers["price_sensitivity"],
        names=tuple(names),
    )
