"""The page of a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from slategym.bench.format import number, percent
from slategym.bench.reports.findings import Findings
from slategym.bench.reports.fitting import plots
from slategym.bench.reports.fitting.summary import PLURALS, findings, headline
from slategym.bench.reports.page import Cell, Frame, entries, estimate_cell, joined, part, section, table
from slategym.bench.reports.style import Style
from slategym.bench.statistics import Estimate
from slategym.utils.storage.files import write_text

LIKELIHOOD = """
The mean log-likelihood of a held-out slate; closer to 0 is better. The baselines are the overall rate, the rates of the items,
and the rates of the ranks. Differences have a 95 % interval over slates.
"""
RATES = """
The share of rates of the fitted world that lie inside the 95 % intervals of the held-out log, for groups with at least five
expected events. If the world is right, about 95 % lie inside. The intervals account for dependent impressions of the same
shopper, and for the uncertainty of the fit.
"""
EVENT = """
Dots: the held-out log, with 95 % intervals. Diamonds: the expectation of the fitted world for the same slates.
"""
ORDER = """
The value per slate that agents earn while they learn, in the world that made the log and in the world fitted to it. A fitted
world is suitable for comparing agents if their order is the same (Kendall's tau of 1).
"""
UNKNOWN = """
Properties that this log cannot identify, computed from the log. In these respects, the fitted world is not based on the log.
"""
CLICK_MODELS = """
The mean log-likelihood of held-out slates under each click model, fitted to the other slates. The fit uses the simplest model
whose log-likelihood is within one standard error of the best.
"""


def write_page(result: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a certificate.

    Args:
        result: content of certificate.json.
        path: HTML file to write.

    Raises:
        ValueError: the result contains no certificate.
    """
    if not result.get("certificate"):
        raise ValueError("the result contains no certificate: expected the content of certificate.json of `slategym fit`")
    write_text(Path(path), page(result))


def page(result: Mapping[str, Any]) -> str:
    """Render the page as text.

    Args:
        result: content of certificate.json.
    """
    frame, certificate = Frame(), result["certificate"]
    style = Style(Findings({"agents": {}, "config": {}}))
    rates, compared = certificate["rates"], result["fit"]["click_models"]
    sections = [
        section("What this log cannot identify", UNKNOWN, _list([*result["cannot_identify"]])),
        section("Held-out likelihood", LIKELIHOOD, _likelihood(certificate["log_likelihood"])),
        section("Rates inside their intervals", Markup(RATES), _shares(rates)),
        *(
            section(PLURALS[event].capitalize(), EVENT, joined(_figures(event, groups, frame)))
            for event, groups in rates.items()
            if any(each["rates"] for each in groups.values())
        ),
        section("Click models", CLICK_MODELS, _click_models(compared)) if compared else "",
        section("Order of agents", ORDER, _order(certificate["order"], frame)) if certificate.get("order") else "",
        section("Not modelled", "Properties that no fitted world has, whatever the log contains.", _list(result["not_modelled"])),
    ]
    fit = result["fit"]
    return frame.page(
        title=f"slategym fit: {result['source']}",
        eyebrow=f"slategym fit · {result['source']}",
        headline=headline(result),
        summary_sentences=findings(result),
        setting=f"{fit['slates']:,} slates of {result['slate_size']}; click model: {fit['click_model']}.",
        sections=sections,
        configuration=entries({key: value for key, value in fit.items() if key != "click_models" and value is not None}),
        palette=style.sheet(),
        sheets=("report.css", "audit.css"),
    )


def _list(sentences: list[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(joined(Markup("<li>{}</li>").format(sentence) for sentence in sentences))


def _likelihood(compared: Mapping[str, Any]) -> Markup:
    rows: list[list[Any]] = []
    for event, each in compared.items():
        rows.append([PLURALS[event], "fitted world", number(each["fitted"], 4), ""])
        for name, baseline in each["baselines"].items():
            above = Estimate.from_json(baseline["fitted_above"])
            rows.append([PLURALS[event], name, number(baseline["log_likelihood"], 4), estimate_cell(above, 4)])
    return table(["event", "model", "log-likelihood per slate", "difference to the fitted world"], rows, id="likelihood")


def _shares(rates: Mapping[str, Any]) -> Markup:
    rows = [
        [
            PLURALS[event],
            by,
            f"{each['judged']:,} of {each['groups']:,}",
            "" if each["inside"] is None else percent(each["inside"]),
        ]
        for event, groups in rates.items()
        for by, each in groups.items()
    ]
    return table(["event", "grouped by", "tested groups", "inside the interval"], rows, id="inside")


def _figures(event: str, groups: Mapping[str, Any], frame: Frame) -> list[Markup]:
    found = []
    for place, (by, each) in enumerate(groups.items()):
        plot = plots.rates(f"{event}-{place}", by, each["rates"])
        if plot is not None:
            found.append(part("titled", f"by {by}", frame.figure(plot)))
    return found


def _click_models(compared: Mapping[str, Any]) -> Markup:
    rows = [
        [name, number(each["log_likelihood"], 4), Cell(number(each["below_best"], 4), below=f"± {number(each['error'], 4)}")]
        for name, each in compared.items()
    ]
    return table(["click model", "log-likelihood per slate", "difference to the best, ± standard error"], rows, id="click-models")


def _order(found: Mapping[str, Any], frame: Frame) -> Markup:
    rows = [
        [name, *(estimate_cell(Estimate.from_json(found[world][place]), 4) for world in ("true", "fitted"))]
        for place, name in enumerate(found["agents"])
    ]
    return frame.figure(plots.order(found)) + table(["agent", "value, true world", "value, fitted world"], rows, id="order")
