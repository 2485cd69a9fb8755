"""The meanings of columns in a log of impressions, and which column of a file has which meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slategym.utils.lookup import nearest


@dataclass(frozen=True)
class Role:
    """A meaning that a column can have.

    Attributes:
        name: name of the column in files that slategym writes.
        meaning: the meaning, in one sentence.
        values: the values of its cells.
        synonyms: other names of the column, in lower case without spaces and punctuation.
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
            "which items were shown together; without it each row is a separate slate",
            "an id, or several columns that together form one",
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
            "the shopper that the slate was shown to",
            "an id",
            ("shopperid", "user", "userid", "customer", "customerid", "visitor", "visitorid", "client", "clientid", "uid"),
        ),
        Role("session", "the visit that the slate belongs to", "an id", ("sessionid", "visit", "visitid")),
        Role(
            "rank",
            "the item's position in the slate, counted from 0 or from 1",
            "a whole number; without it the rows of a slate are in order",
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
            "the probability with which the item was chosen for its rank, given the items above it",
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
            "whether the click led to a conversion",
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
            "the time from the impression to its conversion, in the unit of time",
            "a number of at least 0; empty where there is no conversion",
            ("conversiondelay", "delayseconds", "timetoconversion"),
        ),
        Role(
            "conversion_time",
            "the time of the conversion, from which the delay is computed",
            "seconds, or a date and time; empty where there is no conversion",
            ("conversiontime", "conversiontimestamp", "convertedat", "ordertime"),
        ),
        Role(
            "candidates",
            "the items that could have been shown",
            "a list of ids, or a text with | between them",
            ("candidateitems", "candidateids", "availableitems"),
        ),
    )
}
# Each of these may occur in several columns with different names: "event:like", "context:age", "feature:price".
KINDS = {
    "event": "another event of the impression, 0 or 1",
    "context": "what was known of the shopper or the page when the slate was chosen",
    "feature": "what is known of the item",
}
IGNORE = "ignore"

Columns = dict[str, list[str]]  # columns of a file by role or kind
Given = str | Mapping[str, str | Sequence[str]] | None  # columns as the user gives them: a text, or by role


def given_columns(columns: Given) -> Columns:
    """Read columns by role from a text or a dictionary.

    Args:
        columns: `click=is_clicked,item=product_id`, or the same as a dictionary; None for no columns.

    Raises:
        ValueError: see `read_columns` and `check_columns`.
    """
    return read_columns(columns) if isinstance(columns, str) else check_columns(columns or {})


def read_columns(text: str) -> Columns:
    """Read the roles of columns from a text: `click=is_clicked,item=product_id,context=age+country,ignore=url`.

    Args:
        text: a role or kind (`ROLES`, `KINDS`, "ignore"), =, and a column; several columns are separated by +.

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
    """Check columns by role, and return each as a list.

    Args:
        columns: one or several columns, by role, kind or "ignore".

    Raises:
        ValueError: there is no such role, or a role of a single column has several.
    """
    found = {role: [names] if isinstance(names, str) else list(names) for role, names in columns.items()}
    known = [*ROLES, *KINDS, IGNORE]
    for role, names in found.items():
        if role not in known:
            raise ValueError(
                f"columns has a meaning {role!r}.{nearest(role, known)} Expected one of {', '.join(known)}, "
                "followed by a column of the file, as in click=is_clicked"
            )
        if role in ROLES and role != "slate" and len(names) != 1:
            raise ValueError(f"columns has {role}={'+'.join(names)}: expected one column")
    return found


def assign(names: Sequence[str], given: Columns) -> tuple[Columns, list[str]]:
    """Assign the columns of a file to roles: first the given columns, then those with known names.

    Args:
        names: names of the file's columns.
        given: as `check_columns` returns it; the columns of slates may also have another meaning.

    Returns:
        The columns by role and kind, and the columns with unknown names.

    Raises:
        ValueError: a given column is not in the file, or has two meanings.
    """
    taken: dict[str, str] = {}
    for role, columns in given.items():
        for name in columns:
            if name not in names:
                raise ValueError(f"there is no column {name!r} for {role}.{nearest(name, names)} There are: {', '.join(names)}")
            if role == "slate":  # shopper and time, for example, may together identify slates
                taken.setdefault(name, role)
                continue
            if taken.get(name, role) not in (role, "slate"):
                raise ValueError(f"the column {name!r} is named for {taken[name]} and for {role}: expected one meaning")
            taken[name] = role
    found: Columns = {role: list(columns) for role, columns in given.items()}
    for name in names:
        kind = name.partition(":")[0]
        if name not in taken and ":" in name and kind in KINDS:
            found.setdefault(kind, []).append(name)
            taken[name] = kind
    for exact in (True, False):  # a column named `item` takes precedence over one named item_id
        for name in names:
            meant = None if name in taken else _role_of(name, exact)
            if meant is not None and meant not in found:
                found[meant] = [name]
                taken[name] = meant
    return found, [name for name in names if name not in taken]


def plain_name(name: str) -> str:
    """A column's name without the prefix of its kind: "age" for "context:age"."""
    kind, colon, rest = name.partition(":")
    return rest if colon and kind in KINDS and rest else name


def _role_of(name: str, exact: bool) -> str | None:
    if exact:
        return name if name in ROLES else None
    plain = re.sub(r"[\W_]+", "", name.lower())
    return next((role.name for role in ROLES.values() if plain in (role.name.replace("_", ""), *role.synonyms)), None)
