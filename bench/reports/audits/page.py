"""The page of an audit."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.audits.lookahead import DESCRIPTIONS
from slategym.bench.audits.values import CONTEXT, ORACLE, REFERENCE_POLICIES
from slategym.bench.format import decimals, interval, number, percent, weighted_sum
from slategym.bench.reports.audits.plots import (
    displacement,
    front,
    lookahead,
    ranks,
    reference_policies,
    repetition,
    survival,
)
from slategym.bench.reports.audits.summary import headline, summary_sentences
from slategym.bench.reports.benchmark_tables import legend
from slategym.bench.reports.commands import world_words
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, part, percent_cell, section, table
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

VALUES = """
Mean value per slate over whole episodes, for the weights and for each objective alone. <b>Random</b> shows random items;
<b>popular</b> shows everybody the slate that is best for the average shopper; <b>best from context</b> shows the best slates
given the observation, whose value is an upper limit for agents; the <b>oracle</b> knows each shopper's taste and shows the best
slate for each visit.
"""
NO_SHARE = """
The plot has no shares for the weights, because the oracle's value is not clearly above 0. The table shows the values.
"""
RATES = """
The rates of random slates and of the oracle's slates, and how they depend on the rank. Learning from rates below one in ten
thousand requires millions of slates.
"""
TRADEOFF = """
The line shows the best achievable values for each mix of the two objectives, with full knowledge of each shopper. The further
apart its ends, the more the weights of the objectives matter. The points are the policies for the weights of this audit.
"""
CHANGE = """
Left: clicks on one category that is shown at every visit and then not shown, relative to the same shoppers without repetition.
Right: how much the click probabilities of random slates change because of the slates shown, and because of time alone (the
season).
"""
LOOKAHEAD = """
The oracle maximises the value of one visit. These policies give up some of this value for the sake of later visits. They are
compared over whole episodes, with the same shoppers and random numbers. The 95 % intervals hold for all policies together, so
that the best policy can be selected; a policy differs significantly from the oracle if its interval does not contain 0.
"""
LEAVING = """
The share of the shoppers who come to each visit. Those who come to the last visit are still active when the period ends.
"""
FIT = """
"Best from context" comes from a model fitted to the exact probabilities of many shoppers. The explained variance is measured on
new shoppers, for the probabilities of each item; the rest cannot be predicted from the observation. If doubling the training data
and the network gains little, the limit has been found.
"""


def write_page(audit: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of an audit, as `bench.audits.audit.audit` returns it."""
    write_text(Path(path), page(audit))


def page(audit: Mapping[str, Any]) -> str:
    """Render the page as text."""
    policies = audit["leaving"]["policies"] if audit["leaving"] else audit["values"]["value"]
    names = {name: "best from context" if name == CONTEXT else name for name in [*REFERENCE_POLICIES, *policies]}
    style = Style(Findings({"agents": dict.fromkeys(names[name] for name in [*REFERENCE_POLICIES, *policies])}))
    frame = Frame()
    reference = [names[name] for name in REFERENCE_POLICIES if name in audit["values"]["value"]]
    halves = Markup()
    if audit["config"]["slate_size"] > 1:
        halves = frame.halves(ranks(audit, "click", "clicks per impression"), ranks(audit, "conversion", "conversions per click"))
    sections = [
        section(
            "Value of reference policies",
            Markup(VALUES + NO_SHARE * (audit["values"]["value"][ORACLE]["share_of_oracle"] is None)),
            legend(reference, style, always=True) + frame.figure(reference_policies(audit, style, names)) + _values(audit, names),
        ),
        section("Trade-off between the objectives", Markup(TRADEOFF), frame.figure(front(audit, style, names))),
        section("Rates", Markup(RATES), _rates(audit) + _behaviours(audit) + halves),
    ]
    changes = frame.halves(repetition(audit), displacement(audit, style, names))
    if changes:
        sections.append(section("How shoppers change", Markup(CHANGE), legend(reference, style) + changes))
    ahead = frame.figure(lookahead(audit))
    if ahead:
        sections.append(section("Value of looking ahead", Markup(LOOKAHEAD), ahead + _descriptions(audit)))
    leaving = frame.figure(survival(audit, style, names))
    if leaving:
        content = legend([names[name] for name in policies], style) + leaving + _traits(audit, names)
        sections.append(section("When shoppers leave", Markup(LEAVING), content))
    if audit["context"] is not None:
        sections.append(section("Quality of best from context", Markup(FIT), _fit(audit)))
    said = headline(audit)
    return frame.page(
        title=f"{audit['config']['world']}: {said}",
        eyebrow=f"slategym audit · {audit['config']['world']}",
        headline=said,
        summary_sentences=summary_sentences(audit),
        found=_found(audit),
        setting=_setting(audit),
        sections=sections,
        configuration=_configuration(audit),
        palette=style.sheet(),
        sheets=("report.css", "audit.css"),
    )


def _found(audit: Mapping[str, Any]) -> Markup:
    """The list of warnings and notes."""
    findings = [(kind, finding) for kind in ("warning", "note") for finding in audit[f"{kind}s"]]
    return part("found", findings) if findings else Markup()


def _setting(audit: Mapping[str, Any]) -> str:
    config = audit["config"]
    visits = f"up to {config['visits']:,} visits" if config["visits"] > 1 else "one visit each"
    exact = "Probabilities are estimated by simulation" if config["oracle"] == "estimated" else "Probabilities are exact"
    return (
        f"{config['slate_size']} of {config['items']:,} items per slate, {visits}. "
        f"Value is {weighted_sum(config['weights'], list(config['plurals'].values()))}. {exact}; intervals are 95 % intervals "
        f"over {config['shoppers']:,} shoppers, who are the same for every policy."
    )


def _values(audit: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    heads = ("value per slate", "clicks per slate", "conversions per slate", "revenue per slate", "value per episode")
    keys = ("per_slate", "clicks_per_slate", "conversions_per_slate", "revenue_per_slate", "per_episode")
    values = {name: [Estimate.from_json(policy[key]) for key in keys] for name, policy in audit["values"]["value"].items()}
    places = [decimals(column) for column in zip(*values.values(), strict=True)]
    rows = [[names[name], *map(estimate_cell, row, places)] for name, row in values.items()]
    return table(("policy", *heads), rows)


def _rates(audit: Mapping[str, Any]) -> Markup:
    rows: list[list[Any]] = []
    for name, rates in audit["rates"].items():
        estimates = map(Estimate.from_json, rates.values())
        rows.append([f"{name} slates", *(estimate_cell(rate, decimals([rate])) for rate in estimates)])
    return table(("policy", "clicks per impression", "conversions per click", "revenue per slate"), rows)


def _behaviours(audit: Mapping[str, Any]) -> Markup:
    """The mean of each behaviour per slate and the days between visits, one row per policy."""
    policies = audit["behaviours"]
    first = next(iter(policies.values()))
    names = [*first["per_slate"], *(["days between visits"] if first["days_away"] else [])]
    if not names:
        return Markup()
    rows: list[list[Any]] = []
    for policy, found in policies.items():
        estimates = [Estimate.from_json(each) for each in (*found["per_slate"].values(), found["days_away"]) if each]
        rows.append([f"{policy} slates", *(estimate_cell(each, decimals([each])) for each in estimates)])
    return part("titled", "Other behaviours of shoppers, per slate", table(("policy", *names), rows))


def _traits(audit: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    """Mean visits by the groups of each trait, one row per trait."""
    leaving = audit["leaving"]
    rows: list[list[Any]] = []
    for trait, groups in leaving["traits"].items():
        rows.append([trait.replace("_", " ")])
        for label, group in groups.items():
            visits = Estimate.from_json(group["visits"])
            about = f"{percent(group['share'])} of the shoppers, {interval(visits, 1)}"
            rows[-1].append(Cell(number(visits.mean, 1), below=label, title=about))
    if not rows:
        return Markup()
    return part("titled", f"Visits under {names[leaving['of']]} slates, by the shoppers' traits", table((), rows))


def _descriptions(audit: Mapping[str, Any]) -> Markup:
    """Descriptions of the lookahead policies, one row per policy."""
    return part("entries", [(name, DESCRIPTIONS[name]) for name in audit["lookahead"]["variants"] if name in DESCRIPTIONS])


def _fit(audit: Mapping[str, Any]) -> Markup:
    fit, plurals = audit["context"], audit["config"]["plurals"]
    share, per_slate = Estimate.from_json(fit["more"]), Estimate.from_json(fit["more_per_slate"])
    gain = percent_cell(share)
    if share.mean is None:
        gain = estimate_cell(per_slate, decimals([per_slate]))
        gain = gain._replace(text=f"{gain.text} per slate")
    rows: list[list[Any]] = [["training shoppers", f"{fit['shoppers']:,}"]]
    rows += [[f"explained variance of {plurals[name]}", percent(explained)] for name, explained in fit["explained"].items()]
    rows.append(["gain from doubling training data and network", gain])
    return table(("", ""), rows)


def _configuration(audit: Mapping[str, Any]) -> Markup:
    shown = {key: value for key, value in audit["config"].items() if key != "plurals"}
    return part("command", command(audit)) + entries(shown)


def command(audit: Mapping[str, Any]) -> str:
    """The command line that reproduces this audit."""
    config = audit["config"]
    given = {
        "--seed": config["seed"],
        "--shoppers": config["shoppers"],
        "--weights": ",".join(f"{weight:g}" for weight in config["weights"]),
    }
    world, models = world_words(config)
    words = ["slategym", "audit", world]
    for option, value in given.items():
        words += [option, str(value)]
    return shlex.join([*words, *models, "--out", "runs/again"])
