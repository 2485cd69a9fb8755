"""Purchases that the shop hears of later, compiled."""

from __future__ import annotations

from typing import Any

import numba as nb


@nb.njit(cache=True, nogil=True)
def settle(
    step: int,
    place: Any,
    items: Any,
    late: Any,
    left: Any,
    ended: Any,
    bought: Any,
    revenue: Any,
    earned: Any,
    pending: Any,
    waiting: Any,
    row: Any,
    age: Any,
    rank: Any,
    item: Any,
    paid: Any,
) -> Any:
    """Take out of a step's purchases those that stay open, and bring in those of earlier steps that become known now.

    Whoever goes takes no secret along: what is not yet known becomes known.

    Args:
        step: the number of this step.
        place: (s,) where in `bought` this step's purchases stand, row by row.
        items, late, left, ended: of the visit, as in `Done`; only read.
        bought, revenue, earned: of the visit; what stays open is taken out, and what becomes known is counted in `earned`.
        pending: (p,) the open purchases of earlier steps, a record of `SALE` each.
        waiting: (p + s,) takes the purchases that are open now.
        row, age, rank, item, paid: (p,) take the purchases that become known now, as `Late` has them.

    Returns:
        How many are open now, and how many become known.
    """
    open_, known = 0, 0
    for sale in pending:
        if sale["due"] <= step or left[sale["row"]] or ended[sale["row"]]:
            earned[sale["row"], 1] += 1
            row[known], age[known], rank[known] = sale["row"], step - sale["shown"], sale["rank"]
            item[known], paid[known] = sale["item"], sale["revenue"]
            known += 1
        else:
            waiting[open_] = sale
            open_ += 1
    for each in place:
        at, of = divmod(each, bought.shape[1])
        if late[at, of] > 0 and not (left[at] or ended[at]):
            sale = waiting[open_]
            sale["row"], sale["rank"], sale["item"], sale["revenue"] = at, of, items[at, of], revenue[at, of]
            sale["shown"], sale["due"] = step, step + late[at, of]
            earned[at, 1] -= 1
            bought[at, of], revenue[at, of] = False, 0
            open_ += 1
    return open_, known
