"""Pages of reports: one self-contained file of HTML, with its style and its script inside.

Text enters a page through a template, which escapes it: it cannot become markup. What is markup already is `Markup`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from plotly.io import templates
from plotly.offline import get_plotlyjs

from slategym.bench.format import ends, number, percent, percent_ends
from slategym.bench.reports.style import INK, PALETTE, TEMPLATE, Plot
from slategym.bench.statistics import Estimate

NOTHING = Markup()


class Frame:
    """Collects the plots of a page, and renders the page."""

    def __init__(self) -> None:
        self.plots: list[Plot] = []

    def figure(self, plot: Plot | None) -> Markup:
        """The element for a plot; empty for None."""
        if plot is None:
            return NOTHING
        self.plots.append(plot)
        return part("figure", plot)

    def halves(self, left: Plot | None, right: Plot | None) -> Markup:
        """Two plots side by side, where the screen is wide enough; a single one takes the whole width."""
        if left is None or right is None:
            return self.figure(left) + self.figure(right)
        return part("halves", self.figure(replace(left, half=True)), self.figure(replace(right, half=True)))

    def page(
        self,
        *,
        title: str,
        eyebrow: str,
        headline: str,
        summary_sentences: Iterable[str],
        setting: str,
        sections: Iterable[str],
        configuration: Markup,
        palette: str,
        found: Markup = NOTHING,
        sheets: Sequence[str] = ("report.css",),
    ) -> str:
        """Render the page; the same content gives the same text.

        Args:
            title: text, of the document.
            eyebrow: text, above the headline.
            headline: text.
            summary_sentences: text, one paragraph each.
            setting: text, what was run.
            sections: markup, as `section` makes it; empty ones are left out.
            configuration: markup.
            palette: the colours, as style sheet.
            found: markup below the summary.
            sheets: names of style sheets in the folder of assets.
        """
        content: dict[str, Any] = {
            "title": title,
            "eyebrow": eyebrow,
            "headline": headline,
            "summary_sentences": list(summary_sentences),
            "found": found,
            "setting": setting,
            "sections": [each for each in sections if each],
            "configuration": configuration,
            "palette": Markup(palette),
            "style": Markup("\n".join(map(asset, sheets))),
            "data": {
                "dark": dict([*INK.values(), *PALETTE]),
                "template": templates[TEMPLATE].to_plotly_json(),
                "plots": [plot.to_json() for plot in self.plots],
            },
            "before": Markup(asset("nonce.js")),
            "plotly": Markup(get_plotlyjs()),
            "script": Markup(asset("report.js")),
        }
        template = _environment().get_template("report.html")
        # A hash of the whole page: the same page has the same nonce, and no text in it can contain it.
        nonce = hashlib.sha256(template.render(content, nonce="").encode()).hexdigest()[:32]
        return template.render(content, nonce=nonce)


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: what it shows.
        below: a smaller text below.
        title: shown when it is pointed at.
        span: number of columns.
    """

    text: Any
    below: str = ""
    title: str = ""
    span: int = 1


def estimate_cell(estimate: Estimate, places: int) -> Cell:
    """A mean with the ends of its interval below it."""
    return Cell(number(estimate.mean, places), below=ends(estimate, places))


def percent_cell(estimate: Estimate) -> Cell:
    """A share as a percentage, with the ends of its interval below it."""
    return Cell(percent(estimate.mean), below=percent_ends(estimate))


def part(name: str, *arguments: Any, **options: Any) -> Markup:
    """Render one of the macros of `parts.html`."""
    macro = getattr(_environment().get_template("parts.html").module, name)
    made: Markup = macro(*arguments, **options)
    return made


def rendered(template: str, **content: Any) -> Markup:
    """Render a template of the folder of assets."""
    return Markup(_environment().get_template(template).render(content))


def section(title: str, reading: str, content: str) -> Markup:
    """A section: its title, how to read it and its content; the latter two are markup if they have any."""
    return part("section", title, reading.strip(), content)


def table(heads: Sequence[Any], rows: Iterable[Sequence[Any]], **options: str) -> Markup:
    """A table whose rows are named by their first cell; a cell is a text or a `Cell`, and options are those of the macro."""
    return part("table", heads, [[each if isinstance(each, Cell) else Cell(each) for each in row] for row in rows], **options)


def joined(parts: Iterable[str]) -> Markup:
    """The parts of a page, one after the other."""
    return Markup().join(parts)


def words(text: str) -> str:
    """Text, or markup, without line breaks before percent signs."""
    return text.replace(" %", "\u00a0%")


def entries(config: Mapping[str, Any]) -> Markup:
    """A configuration, entry by entry."""
    return part("entries", [(key.replace("_", " "), _entry(value)) for key, value in config.items()])


def _entry(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_entry(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(_entry(entry) for entry in value) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 1000 else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["words"] = words
    made.policies["json.dumps_kwargs"] = {"allow_nan": False}
    return made


def asset(name: str) -> str:
    """The text of a file of the folder of assets."""
    return files("slategym.bench.reports").joinpath("assets", name).read_text("utf-8")
