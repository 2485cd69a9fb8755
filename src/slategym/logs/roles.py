"""What the columns of a log of impressions mean, and which column of a file has which meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slategym.utils.lookup import nearest


@dataclass(frozen=True)
class Role:
    """What a column can mean.

    Attributes:
        name: of the column in files that slategym writes.
        meaning: in a sentence.
        values: what its cells hold.
        synonyms: other names that are read as this one, in small letters without blanks and signs.
    """

    name: str
    meaning: str
    values: str
    synonyms: tuple[str, ...] = ()


ROLES = {
    role.name: role
    for role in (
        Role(
            "slate",
            "which items were shown together; without it each row is a slate of its own",
            "an id, or several columns that make one",
            ("impression", "impressionid", "slateid", "request", "requestid", "queryid", "pageview", "pageviewid", "listid"),
        ),
        Role(
            "time",
            "when the slate was shown",
            "seconds, or a date and time",
            ("timestamp", "datetime", "date", "ts", "eventtime", "step", "shownat", "createdat"),
        ),
        Role(
            "shopper",
            "who it was shown to",
            "an id",
            ("shopperid", "user", "userid", "customer", "customerid", "visitor", "visitorid", "client", "clientid", "uid"),
        ),
        Role("session", "the visit that the slate belongs to", "an id", ("sessionid", "visit", "visitid")),
        Role(
            "rank",
            "the item's place in the slate, counted from 0 or from 1",
            "a whole number; without it rows of a slate are in order",
            ("position", "pos", "slot", "place", "rankid", "itemposition"),
        ),
        Role(
            "item",
            "the item that was shown",
            "an id",
            (
                "itemid",
                "product",
                "productid",
                "sku",
                "article",
                "articleid",
                "action",
                "arm",
                "adid",
                "asin",
                "videoid",
                "docid",
            ),
        ),
        Role(
            "propensity",
            "the probability with which the item was chosen for its rank, given those above it",
            "above 0, at most 1",
            ("propensityscore", "pscore", "actionprob", "probability", "loggingprobability", "behaviourpropensity"),
        ),
        Role(
            "joint_propensity",
            "the probability with which the whole slate was chosen",
            "above 0, at most 1; the same in each row of a slate",
            ("jointpropensity", "slatepropensity", "pscorecascade", "slateprobability"),
        ),
        Role(
            "click",
            "whether the item was clicked",
            "0 or 1, true or false",
            ("clicks", "clicked", "isclick", "isclicked", "wasclicked", "ctr", "reward"),
        ),
        Role(
            "conversion",
            "whether it was converted",
            "0 or 1, true or false",
            (
                "conversions",
                "converted",
                "isconverted",
                "isconversion",
                "purchase",
                "purchased",
                "ispurchased",
                "order",
                "ordered",
                "bought",
                "isbought",
                "buy",
            ),
        ),
        Role(
            "revenue",
            "the money that the impression earned",
            "a number",
            ("sales", "spend", "amount", "gmv", "value", "turnover"),
        ),
        Role(
            "delay",
            "from the impression to its conversion, in the unit of time",
            "a number of at least 0; empty where there is no conversion",
            ("conversiondelay", "delayseconds", "timetoconversion"),
        ),
        Role(
            "conversion_time",
            "when it was converted, from which the delay follows",
            "as for time; empty where there is no conversion",
            ("conversiontime", "conversiontimestamp", "convertedat", "ordertime"),
        ),
        Role(
            "candidates",
            "the items that might have been shown",
            "a list of ids, or a text with | between them",
            ("candidateitems", "candidateids", "availableitems"),
        ),
    )
}
# Of these there may be several columns, each with a name of its own: "event:like", "context:age", "feature:price".
KINDS = {
    "event": "something else that happened to the impression, 0 or 1",
    "context": "what was known of the shopper or the page when the slate was chosen",
    "feature": "what is known of the item",
}
IGNORE = "ignore"

Columns = dict[str, list[str]]  # by role or kind, the columns of a file
Given = str | Mapping[str, str | Sequence[str]] | None  # how they are given: as text, or by role


def given_columns(columns: Given) -> Columns:
    """Columns by role, from a text or a dictionary.

    Args:
        columns: `click=is_clicked,item=product_id`, or a dictionary of that; None for nothing.

    Raises:
        ValueError: see `read_columns` and `check_columns`.
    """
    return read_columns(columns) if isinstance(columns, str) else check_columns(columns or {})


def read_columns(text: str) -> Columns:
    """The columns that a text gives a meaning: `click=is_clicked,item=product_id,context=age+country,ignore=url`.

    Args:
        text: a role or kind (`ROLES`, `KINDS`, "ignore"), =, and a column; several with + between them.

    Raises:
        ValueError: a part has no =, or there is no such role.
    """
    found: Columns = {}
    for part in filter(str.strip, text.split(",")):
        role, sign, names = part.partition("=")
        if not sign or not names.strip():
            raise ValueError(f"columns has {part.strip()!r}: expected a meaning and a column, such as click=is_clicked")
        found.setdefault(role.strip(), []).extend(name.strip() for name in names.split("+"))
    return check_columns(found)


def check_columns(columns: Mapping[str, str | Sequence[str]]) -> Columns:
    """Columns by role, each as a list.

    Args:
        columns: a column or several, by role, kind or "ignore".

    Raises:
        ValueError: there is no such role, or one that is of one column has several.
    """
    found = {role: [names] if isinstance(names, str) else list(names) for role, names in columns.items()}
    known = [*ROLES, *KINDS, IGNORE]
    for role, names in found.items():
        if role not in known:
            raise ValueError(
                f"columns gives a meaning {role!r}.{nearest(role, known)} Expected one of {', '.join(known)}, "
                "and the file's column behind it, as in click=is_clicked"
            )
        if role in ROLES and role != "slate" and len(names) != 1:
            raise ValueError(f"columns gives {role} as {' + '.join(names)}: expected one column")
    return found


def assign(names: Sequence[str], given: Columns) -> tuple[Columns, list[str]]:
    """The columns of a file by role: those that are given, then those whose names tell.

    Args:
        names: of the file's columns.
        given: as `check_columns` returns it; the columns of slates may have another meaning too.

    Returns:
        The columns by role and kind, and those whose names tell nothing.

    Raises:
        ValueError: a column that is given is not in the file, or has two meanings.
    """
    taken: dict[str, str] = {}
    for role, columns in given.items():
        for name in columns:
            if name not in names:
                raise ValueError(
                    f"there is no column {name!r}, which is to be {role}.{nearest(name, names)} There are: {', '.join(names)}"
                )
            if role == "slate":  # shopper and time together may tell slates apart
                taken.setdefault(name, role)
                continue
            if taken.get(name, role) not in (role, "slate"):
                raise ValueError(f"the column {name!r} is given as {taken[name]} and as {role}: expected one meaning")
            taken[name] = role
    found: Columns = {role: list(columns) for role, columns in given.items()}
    for name in names:
        kind = name.partition(":")[0]
        if name not in taken and ":" in name and kind in KINDS:
            found.setdefault(kind, []).append(name)
            taken[name] = kind
    for exact in (True, False):  # a column `item` is the item, whatever else is called item_id
        for name in names:
            meant = None if name in taken else _role_of(name, exact)
            if meant is not None and meant not in found:
                found[meant] = [name]
                taken[name] = meant
    return found, [name for name in names if name not in taken]


def plain_name(name: str) -> str:
    """A column's name without the kind in front: "age" of "context:age"."""
    kind, colon, rest = name.partition(":")
    return rest if colon and kind in KINDS and rest else name


def _role_of(name: str, exact: bool) -> str | None:
    if exact:
        return name if name in ROLES else None
    plain = re.sub(r"[\W_]+", "", name.lower())
    return next((role.name for role in ROLES.values() if plain in (role.name.replace("_", ""), *role.synonyms)), None)
