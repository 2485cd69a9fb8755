"""What an audit says, in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.audit_values import CONTEXT, ORACLE, POPULAR, RANDOM
from slategym.bench.report_findings import Estimate, listed, percent

MATTERS = 0.02  # a change or a lead below this share is called none


def headline(audit: Mapping[str, Any]) -> str:
    """What is wrong, or that nothing is."""
    kinds = list(dict.fromkeys(found["kind"] for found in audit["warnings"]))
    if kinds:
        return f"Agents are hard to tell apart here: {listed(kinds)}"
    if share(audit, RANDOM) is None:
        return "There is something to learn here"
    return f"There is something to learn here: random slates earn {percent(share(audit, RANDOM))} of what the best ones earn"


def remarks(audit: Mapping[str, Any]) -> list[str]:
    """What can be earned, how the objectives pull, what changes, whether looking ahead pays, and how long shoppers stay."""
    said = [_values(audit), _pull(audit), _change(audit), _ahead(audit), _stay(audit)]
    return [sentence for sentence in said if sentence]


def share(audit: Mapping[str, Any], name: str) -> float | None:
    """What a policy earns, as a share of the oracle."""
    found: float | None = audit["values"]["value"].get(name, {}).get("share_of_oracle")
    return found


def _values(audit: Mapping[str, Any]) -> str:
    said = f"One slate for everybody earns {percent(share(audit, POPULAR))} of the oracle"
    if audit["context"] is not None:
        said += f"; the best slates that the observation allows, {percent(share(audit, CONTEXT))}: the ceiling for agents"
    return said + "."


def _pull(audit: Mapping[str, Any]) -> str:
    said = []
    for own, others in audit["tradeoff"]["losses"].items():
        for other, lost in others.items():
            if lost["mean"] is not None:
                said.append(f"the best slate for {own}s loses {percent(lost['mean'])} of the {other}s")
    return f"{_capital(', and '.join(said))}." if said else ""


def _change(audit: Mapping[str, Any]) -> str:
    found = audit["change"]["repetition"]
    if found is None:
        return ""
    worn, times = found["worn"]["mean"], found["repeats"]
    if abs(worn) < MATTERS:
        return f"Shown {times} times running, a category is clicked as often as ever."
    said = f"Shown {times} times running, a category {'loses' if worn > 0 else 'gains'} {percent(abs(worn))} of its clicks"
    back = found["visits_to_half"]
    if back is None:
        return f"{said}; half of that is not undone within {len(found['visits']) - times} visits of rest."
    return f"{said}; half of that is undone after {back} visit{'s' * (back != 1)} of rest."


def _ahead(audit: Mapping[str, Any]) -> str:
    found = audit["sight"]
    if found is None:
        return ""
    lead = Estimate.of(found["lead_share"])
    if lead.mean is None or lead.low is None or lead.low <= 0:
        return "No slates that look ahead were found to earn more over a stay than the oracle's, which look at one visit."
    said = f"Looking ahead pays: “{found['best']}” earns {percent(lead.mean)} more over a stay than the oracle"
    return f"{said} of single visits (95 % interval {percent(lead.low).removesuffix(' %')} to {percent(lead.high)})."


def _stay(audit: Mapping[str, Any]) -> str:
    found = audit["leaving"]
    if found is None:
        return "A shopper comes once."
    policies, most = found["policies"], audit["config"]["visits_followed"]
    if not any(each["left"] for each in policies.values()):
        return f"Nobody leaves before the {most} visits are over."
    shown = [f"{policies[name]['visits']['mean']:.1f} of {most} visits under {name} slates" for name in (RANDOM, ORACLE)]
    return f"A shopper stays for {listed(shown)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
