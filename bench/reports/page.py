"""Pages of reports: each is one self-contained HTML file that includes its style sheet and script.

Templates escape all text, so that it cannot become markup. Text that is already markup has the type `Markup`.
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
        """Add a plot to the page, and return its element; empty for None."""
        if plot is None:
            return NOTHING
        self.plots.append(plot)
        return part("figure", plot)

    def halves(self, left: Plot | None, right: Plot | None) -> Markup:
        """Two plots side by side if the screen is wide enough; a single plot uses the whole width."""
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
        """Render the page. The same content gives the same HTML.

        Args:
            title: title of the document, text.
            eyebrow: line above the headline, text.
            headline: text.
            summary_sentences: text, one paragraph each.
            setting: description of the runs, text.
            sections: markup from `section`; empty ones are left out.
            configuration: markup.
            palette: style sheet with the colours.
            found: markup below the summary.
            sheets: names of style sheets in the folder `assets`.
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
        # A hash of the whole page: the same page always has the same nonce, and no text in the page can contain it.
        nonce = hashlib.sha256(template.render(content, nonce="").encode()).hexdigest()[:32]
        return template.render(content, nonce=nonce)


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: content of the cell.
        below: smaller text below.
        title: text that appears when the mouse points at the cell.
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
    """Render a macro of `parts.html`."""
    macro = getattr(_environment().get_template("parts.html").module, name)
    made: Markup = macro(*arguments, **options)
    return made


def rendered(template: str, **content: Any) -> Markup:
    """Render a template of the folder `assets`."""
    return Markup(_environment().get_template(template).render(content))


def section(title: str, reading: str, content: str) -> Markup:
    """A section with a title, an explanation and content. The explanation and the content may be markup."""
    return part("section", title, reading.strip(), content)


def table(heads: Sequence[Any], rows: Iterable[Sequence[Any]], **options: str) -> Markup:
    """A table. The first cell of each row is the row's head; cells are text or `Cell`; options are those of the macro."""
    return part("table", heads, [[each if isinstance(each, Cell) else Cell(each) for each in row] for row in rows], **options)


def joined(parts: Iterable[str]) -> Markup:
    """Parts of a page, concatenated."""
    return Markup().join(parts)


def words(text: str) -> str:
    """Text or markup with non-breaking spaces before percent signs."""
    return text.replace(" %", "\u00a0%")


def entries(config: Mapping[str, Any]) -> Markup:
    """A configuration as a list of its entries."""
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
    """The text of a file in the folder `assets`."""
    return files("slategym.bench.reports").joinpath("assets", name).read_text("utf-8")
