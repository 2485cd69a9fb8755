"""An audit as the terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slategym.bench.audits.values import CONTEXT, ORACLE
from slategym.bench.format import decimals, number, percent
from slategym.bench.reports.audit_summary import headline, remarks
from slategym.bench.statistics import Estimate
from slategym.scripts.terminal import console, table

if TYPE_CHECKING:
    from rich.table import Table

VISITS = 3  # columns of the survival table


def print_audit(audit: Mapping[str, Any]) -> None:
    """Tables, then the sentences, and last what is wrong."""
    from rich.padding import Padding

    config, screen = audit["config"], console()
    about = "an estimate" if config["oracle"] == "estimated" else "exact given the shopper"
    screen.print(
        f"{config['world']}: {config['slate_size']} of {config['items']:,} items on a slate, "
        f"{config['visits']:,} visit{'s' * (config['visits'] != 1)}, {config['user_model']}, {config['click_model']}.\n"
        f"{config['shoppers']:,} shoppers; ± and [ ] are 95 % intervals over them. Each probability is {about}.\n"
    )
    for lines in (_rates(audit), _ranks(audit), _values(audit), _context(audit), _pull(audit), _ahead(audit), _stay(audit)):
        if lines is not None:
            screen.print(lines)
            screen.print()
    screen.print(f"{headline(audit)}.")
    for sentence in remarks(audit):
        screen.print(sentence)
    for title, kind in (("WARNING", "warnings"), ("Note", "notes")):
        for found in audit[kind]:
            screen.print(f"\n{title} ({found['kind']}): {found['says']}.")
            screen.print(Padding(f"What it means: {found['means']}.\nWhat to do: {found['fix']}.", (0, 0, 0, 2)))


def _rates(audit: Mapping[str, Any]) -> Table:
    lines = table("base rates", "clicks/impression", "conversions/click", "revenue/slate")
    for name, rates in audit["rates"].items():
        lines.add_row(f"{name} slates", *(_figure(each) for each in rates.values()))
    return lines


def _ranks(audit: Mapping[str, Any]) -> Table:
    ranks = audit["by_rank"]
    lines = table("by rank, random slates", "clicks", "of the first", "conversions/click")
    first = ranks["click"][0]["mean"]
    for place, (click, conversion) in enumerate(zip(ranks["click"], ranks["conversion"], strict=True), 1):
        lines.add_row(f"rank {place}", _figure(click), percent(click["mean"] / first if first else None), _figure(conversion))
    return lines


def _values(audit: Mapping[str, Any]) -> Table:
    weights = ",".join(f"{weight:g}" for weight in audit["config"]["weights"])
    mixes, plurals = list(audit["values"]), audit["config"]["plurals"]
    titles = {mix: f"value ({weights})" if mix == "value" else f"{plurals[mix]} alone" for mix in mixes}
    for mix in mixes:
        if audit["values"][mix][ORACLE]["share_of_oracle"] is None:
            titles[mix] += "\nless than oracle"
    lines = table("per slate", *titles.values())
    places = {mix: decimals(Estimate.of(each["per_slate"]) for each in audit["values"][mix].values()) for mix in mixes}
    for name in audit["values"]["value"]:
        cells = []
        for mix in mixes:
            found = audit["values"][mix][name]
            share = "" if name == ORACLE else f" {_beside(audit['values'][mix], name, places[mix]):>7}"
            cells.append(f"{number(found['per_slate']['mean'], places[mix])}{share:8}")
        lines.add_row("best from context" if name == CONTEXT else name, *cells)
    return lines


def _beside(found: Mapping[str, Any], name: str, places: int) -> str:
    """The share of the oracle, or how much less a slate earns where a share means nothing."""
    if found[name]["share_of_oracle"] is not None:
        return percent(found[name]["share_of_oracle"])
    value, oracle = (found[each]["per_slate"]["mean"] for each in (name, ORACLE))
    return "–" if value is None or oracle is None else number(oracle - value, places)


def _context(audit: Mapping[str, Any]) -> Table | None:
    found = audit["context"]
    if found is None:
        return None
    share = found["more"]["mean"] is not None
    more, unit = (Estimate.of(found["more"]), 100) if share else (Estimate.of(found["more_per_slate"]), 1)
    places = 2 if share else decimals([more])
    lines = table("the fit behind best from context", "")
    lines.add_row("shoppers it learned from", f"{found['shoppers']:,}")
    for name, explained in found["explained"].items():
        lines.add_row(f"variance of {audit['config']['plurals'][name]} between new shoppers, explained", percent(explained))
    ends = f" [{number(unit * (more.low or 0), places)}, {number(unit * (more.high or 0), places)}]" if more.interval else ""
    title = f"more than half the shoppers and half the width, {'%' if share else 'a slate'}"
    lines.add_row(title, f"{number(unit * (more.mean or 0), places)}{ends}")
    return lines


def _pull(audit: Mapping[str, Any]) -> Table:
    front = audit["tradeoff"]["front"]
    names = [name for name in front if name != "mix"]
    plurals = [audit["config"]["plurals"][name] for name in names]
    lines = table("best slates for a mix of objectives", *plurals)
    for place, mix in enumerate(front["mix"]):
        if round(10 * mix, 6) % 2 == 0:
            lines.add_row(f"{100 * mix:.0f} % {plurals[0]}", *(f"{front[name][place]:.4g}" for name in names))
    return lines


def _ahead(audit: Mapping[str, Any]) -> Table | None:
    found = audit["sight"]
    if found is None:
        return None
    lines = table("value of a stay", "value", "more than the oracle", "visits")
    places = decimals(Estimate.of(each["difference"]) for each in found["variants"].values())
    lines.add_row(
        "oracle, visit by visit", number(found["greedy"]["per_stay"]["mean"], places), "", _mean(found["greedy"]["visits"])
    )
    ranked = sorted(found["variants"], key=lambda name: -(found["variants"][name]["per_stay"]["mean"] or 0.0))
    for name in ranked:
        each = found["variants"][name]
        gap = Estimate.of(each["difference"])
        ends = f" [{number(gap.low, places)}, {number(gap.high, places)}]" if gap.interval else ""
        lines.add_row(
            name, number(each["per_stay"]["mean"], places), number(gap.mean, places, True) + ends, _mean(each["visits"])
        )
    return lines


def _stay(audit: Mapping[str, Any]) -> Table | None:
    found = audit["leaving"]
    if found is None:
        return None
    most = audit["config"]["visits_followed"]
    looks = sorted({max(2, round(step * most / VISITS)) for step in range(1, VISITS + 1)})
    lines = table("who stays", "visits", *(f"at visit {look}" for look in looks), "left")
    for name, each in found["policies"].items():
        shares = [percent(each["survival"][look - 1]) for look in looks]
        lines.add_row("best from context" if name == CONTEXT else name, _mean(each["visits"]), *shares, percent(each["left"]))
    return lines


def _figure(found: Mapping[str, float | None]) -> str:
    """A mean with its interval."""
    estimate = Estimate.of(found)
    places = decimals([estimate])
    half = "" if estimate.mean is None or estimate.high is None else f" ± {number(estimate.high - estimate.mean, places)}"
    return number(estimate.mean, places) + half


def _mean(found: Mapping[str, float | None]) -> str:
    return number(found["mean"], 1)
