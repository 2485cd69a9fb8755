"""Writes an audit as one self-contained page of HTML that works offline."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.audits.values import CONTEXT, ORACLE, RUNGS
from slategym.bench.execution.output import write_text
from slategym.bench.format import decimals, interval, number, percent
from slategym.bench.reports.audit_plots import ahead, displacement, front, ladder, ranks, repetition, survival
from slategym.bench.reports.audit_summary import headline, remarks
from slategym.bench.reports.benchmark_tables import legend
from slategym.bench.reports.commands import world_words
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.page import Cell, Frame, entries, part, section, table
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate

VALUES = """
What a slate earns on average over whole stays, for the weights and for each objective alone. <b>Random</b> shows any items;
<b>popular</b> one slate to everybody, the best for the average shopper; <b>best from context</b> the best slates that the
observation allows, the ceiling for agents; the <b>oracle</b> knows each shopper's taste and shows the best slate for the visit.
"""
NO_SHARE = """
For the weights there is no share: the oracle earns nothing or less, or hardly more than it costs. The table has the values.
"""
RATES = """
What random slates draw, and the oracle's, and how it depends on the rank. Rates below one in ten thousand take millions of slates
to learn from.
"""
PULL = """
The line is what the best slates for each mix of the two objectives earn: no slates earn more of both. The further its ends are
apart, the more it matters how the objectives are weighed. The policies stand where they come out for the weights of this audit.
"""
CHANGE = """
Left, one category is shown at every visit and then rests: its clicks, against those of the same shoppers who were never shown it.
Right, how far the chances of a click on random slates have moved by what was shown, and by time alone (the season).
"""
AHEAD = """
The oracle looks at one visit. These slates give something up now for what comes later: by other weights, by variety, by chance,
or by trying out in simulation what happens next. Each is compared over whole stays, on the same shoppers and the same luck; bars
are intervals that hold all at once with 95 %, so the best of them may be picked, and where one leaves zero out the two differ.
"""
STAY = """
The share of the shoppers that comes for each visit. Whoever is there at the last one has not left; time is over.
"""
FIT = """
Best from context is a fit to the exact probabilities of many shoppers. The variance it explains is that between new shoppers, in
what an item is worth to them; the rest is what the observation hides. Where twice the shoppers and a wider network earn hardly
more, the ceiling has been found.
"""


def write_page(audit: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of an audit, as `bench.audits.audit.audit` returns it."""
    write_text(Path(path), page(audit))


def page(audit: Mapping[str, Any]) -> str:
    """The page as text."""
    policies = audit["leaving"]["policies"] if audit["leaving"] else audit["values"]["value"]
    names = {name: "best from context" if name == CONTEXT else name for name in [*RUNGS, *policies]}
    style = Style(Findings({"agents": dict.fromkeys(names[name] for name in [*RUNGS, *policies])}))
    frame = Frame()
    rungs = [names[name] for name in RUNGS if name in audit["values"]["value"]]
    halves = Markup()
    if audit["config"]["slate_size"] > 1:
        halves = frame.halves(ranks(audit, "click", "clicks per impression"), ranks(audit, "conversion", "conversions per click"))
    sections = [
        section(
            "What can be earned",
            Markup(VALUES + NO_SHARE * (audit["values"]["value"][ORACLE]["share_of_oracle"] is None)),
            legend(rungs, style, always=True) + frame.figure(ladder(audit, style, names)) + _values(audit, names),
        ),
        section("How the objectives pull apart", Markup(PULL), frame.figure(front(audit, style, names))),
        section("Rates", Markup(RATES), _rates(audit) + halves),
    ]
    changes = frame.halves(repetition(audit), displacement(audit, style, names))
    if changes:
        sections.append(section("How shoppers change", Markup(CHANGE), legend(rungs, style) + changes))
    looking = frame.figure(ahead(audit))
    if looking:
        sections.append(section("Whether looking ahead pays", Markup(AHEAD), looking))
    staying = frame.figure(survival(audit, style, names))
    if staying:
        sections.append(
            section(
                "Who leaves when",
                Markup(STAY),
                legend([names[name] for name in policies], style) + staying + _traits(audit, names),
            )
        )
    if audit["context"] is not None:
        sections.append(section("How sure best from context is", Markup(FIT), _fit(audit)))
    said = headline(audit)
    return frame.page(
        title=f"{audit['config']['world']}: {said}",
        eyebrow=f"slategym audit · {audit['config']['world']}",
        headline=said,
        remarks=remarks(audit),
        found=_found(audit),
        setting=_setting(audit),
        sections=sections,
        configuration=_configuration(audit),
        palette=style.sheet(),
        sheets=("report.css", "audit.css"),
    )


def _found(audit: Mapping[str, Any]) -> Markup:
    """The warnings and the notes."""
    found = [(kind, each) for kind in ("warning", "note") for each in audit[f"{kind}s"]]
    return part("found", found) if found else Markup()


def _setting(audit: Mapping[str, Any]) -> str:
    config = audit["config"]
    click, conversion = config["weights"][:2]
    visits = f"up to {config['visits']:,} visits" if config["visits"] > 1 else "one visit each"
    exact = "Each probability is an estimate by simulation" if config["oracle"] == "estimated" else "Probabilities are exact"
    return (
        f"{config['slate_size']} of {config['items']:,} items on a slate, {visits}. "
        f"A click is worth {click:g}, a conversion {conversion:g}. {exact}; intervals are 95 % intervals over "
        f"{config['shoppers']:,} shoppers, the same ones under every policy."
    )


def _values(audit: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    heads = ("value per slate", "clicks per slate", "conversions per slate", "revenue per slate", "value per stay")
    keys = ("per_slate", "clicks_per_slate", "conversions_per_slate", "revenue_per_slate", "per_stay")
    found = audit["values"]["value"]
    places = [decimals(Estimate.of(each[key]) for each in found.values()) for key in keys]
    rows = [
        [names[name], *(_cell(each[key], place) for key, place in zip(keys, places, strict=True))] for name, each in found.items()
    ]
    return table(("", *heads), rows)


def _rates(audit: Mapping[str, Any]) -> Markup:
    rows = [
        [f"{name} slates", *(_cell(each, decimals([Estimate.of(each)])) for each in rates.values())]
        for name, rates in audit["rates"].items()
    ]
    return table(("", "clicks per impression", "conversions per click", "revenue per slate"), rows)


def _traits(audit: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    """Mean visits by the groups of each trait, a row a trait."""
    found = audit["leaving"]
    rows: list[list[Any]] = []
    for trait, groups in found["traits"].items():
        rows.append([trait.replace("_", " ")])
        for label, each in groups.items():
            about = f"{percent(each['share'])} of the shoppers, {interval(Estimate.of(each['visits']), 1)}"
            rows[-1].append(Cell(number(each["visits"]["mean"], 1), below=label, title=about))
    if not rows:
        return Markup()
    return part("titled", f"Visits under {names[found['of']]} slates, by what shoppers are", table((), rows))


def _fit(audit: Mapping[str, Any]) -> Markup:
    found, more = audit["context"], Estimate.of(audit["context"]["more"])
    ends = f"{percent(more.low).removesuffix(' %')} to {percent(more.high)}" if more.interval else ""
    per_slate = Estimate.of(found["more_per_slate"])
    earned = Cell(percent(more.mean), below=ends)
    if more.mean is None:
        value = _cell(found["more_per_slate"], decimals([per_slate]))
        earned = value._replace(text=f"{value.text} a slate")
    plurals = audit["config"]["plurals"]
    rows: list[list[Any]] = [["shoppers it learned from", f"{found['shoppers']:,}"]]
    rows += [[f"variance of {plurals[name]} explained", percent(share)] for name, share in found["explained"].items()]
    rows.append(["earns more than with half of the shoppers and half the width", earned])
    return table(("", ""), rows)


def _configuration(audit: Mapping[str, Any]) -> Markup:
    shown = {key: value for key, value in audit["config"].items() if key != "plurals"}
    return part("command", command(audit)) + entries(shown)


def command(audit: Mapping[str, Any]) -> str:
    """The command that makes this audit again."""
    config = audit["config"]
    given = {
        "--seed": config["seed"],
        "--shoppers": config["shoppers"],
        "--weights": ",".join(f"{each:g}" for each in config["weights"]),
    }
    world, models = world_words(config)
    words_ = ["slategym", "audit", world]
    for option, value in given.items():
        words_ += [option, str(value)]
    words_ += models
    return shlex.join([*words_, "--out", "runs/again"])


def _cell(found: Mapping[str, float | None], places: int) -> Cell:
    estimate = Estimate.of(found)
    ends = f"{number(estimate.low, places)} to {number(estimate.high, places)}" if estimate.interval else ""
    return Cell(number(estimate.mean, places), below=ends)
