"""The live page of `--watch`, which requests the state of a run regularly and redraws its plots."""

from __future__ import annotations

import hashlib
from typing import Any

from markupsafe import Markup
from plotly.io import templates
from plotly.offline import get_plotlyjs

from slategym.bench.reports.page import asset, rendered
from slategym.bench.reports.style import DASHES, INK, PALETTE, TEMPLATE, ink_sheet

EVERY = 2000  # milliseconds between two requests


def live_page(what: str, command: str, state: str, every: int = EVERY) -> str:
    """Render the page, which sends requests only to its own server.

    Args:
        what: name of the command's work.
        command: command line that runs it.
        state: path of the state on the server.
        every: milliseconds between two requests.
    """
    content: dict[str, Any] = {
        "what": what,
        "command": command,
        "palette": Markup(ink_sheet()),
        "style": Markup("\n".join(map(asset, ("report.css", "audit.css", "live.css")))),
        "data": {
            "what": what,
            "state": state,
            "every": every,
            "dark": dict([*INK.values(), *PALETTE]),
            "ink": {name: colours[0] for name, colours in INK.items()},
            "palette": [light for light, _ in PALETTE],
            "dashes": list(DASHES),
            "template": templates[TEMPLATE].to_plotly_json(),
        },
        "before": Markup(asset("nonce.js")),
        "plotly": Markup(get_plotlyjs()),
        "script": Markup(asset("live.js")),
    }
    # As in `Frame.page`: a hash of the page, which no text in the page can contain.
    nonce = hashlib.sha256(rendered("live.html", **content, nonce="").encode()).hexdigest()[:32]
    return str(rendered("live.html", **content, nonce=nonce))
