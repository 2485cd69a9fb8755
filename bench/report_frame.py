"""The page around the plots: one self-contained file of HTML, its style and its script inside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from slategym.bench.report_style import INK, PALETTE, Plot


class Frame:
    """Collects the plots that stand in the text, and makes the page of both."""

    def __init__(self) -> None:
        self.plots: list[Plot] = []

    def figure(self, plot: Plot | None) -> str:
        """The place of a plot, as HTML; nothing for None."""
        if plot is None:
            return ""
        self.plots.append(plot)
        return f'<div class="plot" id="{plot["id"]}" style="height:{plot["layout"]["height"]}px"></div>'

    def halves(self, left: Plot | None, right: Plot | None) -> str:
        """Two plots side by side, where the screen is wide enough; one alone takes the whole width."""
        if left is None or right is None:
            return self.figure(left) + self.figure(right)
        for plot in (left, right):
            plot["half"] = True
        return f'<div class="two"><div>{self.figure(left)}</div><div>{self.figure(right)}</div></div>'

    def page(
        self,
        *,
        title: str,
        eyebrow: str,
        headline: str,
        remarks: str,
        setting: str,
        sections: Iterable[str],
        configuration: str,
        palette: str,
        sheets: Sequence[str] = ("report.css",),
    ) -> str:
        """The page. `remarks`, `sections`, `configuration` and `palette` are HTML and style already, the others are text."""
        from plotly.offline import get_plotlyjs

        data = {"dark": dict([*INK.values(), *PALETTE]), "plots": self.plots}
        return Template(_read("report.html")).substitute(
            title=escape(title),
            palette=palette,
            style="\n".join(map(_read, sheets)),
            eyebrow=escape(eyebrow),
            headline=words(headline),
            remarks=remarks,
            setting=words(setting),
            sections="\n".join(each for each in sections if each),
            configuration=configuration,
            data=json.dumps(data, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c"),
            plotly=get_plotlyjs(),
            script=_read("report.js"),
        )


def section(title: str, reading: str, content: str) -> str:
    """A section: its title, how to read it (HTML), and what there is to read."""
    how = reading.strip().replace(" %", "&nbsp;%")
    return f'<section>\n<h2>{title}</h2>\n<p class="reading">{how}</p>\n{content}\n</section>'


def words(text: str) -> str:
    """Text as HTML, with no line break before a percent sign."""
    return escape(text).replace(" %", "&nbsp;%")


def entries(config: Mapping[str, Any]) -> str:
    """A configuration, entry by entry."""
    rows = "".join(f"<dt>{escape(key.replace('_', ' '))}</dt><dd>{_entry(value)}</dd>" for key, value in config.items())
    return f"<dl>{rows}</dl>"


def _entry(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{escape(str(key))} {_entry(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(_entry(entry) for entry in value) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 1000 else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    return escape(value if isinstance(value, str) else json.dumps(value))


def _read(name: str) -> str:
    return files("slategym.bench").joinpath(name).read_text("utf-8")
