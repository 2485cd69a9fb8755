"""What an audit says, in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.audits.decisions import all_of, at_most, below, negated
from slategym.bench.audits.lookahead import DOES_NOT, PAYS, UNDECIDED
from slategym.bench.audits.values import CONTEXT, ORACLE, POPULAR, RANDOM
from slategym.bench.audits.warnings import something_to_learn
from slategym.bench.format import decimals, listed, number, percent
from slategym.bench.statistics import Estimate

MATTERS = 0.02  # a change below this share is called none
MANY = 1_000_000  # slates: what an agent is shown in a benchmark by default, all seeds together


def headline(audit: Mapping[str, Any]) -> str:
    """Whether agents can be told apart, by what there is between random slates and the best; and what is wrong besides."""
    kinds = list(dict.fromkeys(found["kind"] for found in audit["warnings"]))
    learned, slates = something_to_learn(audit), audit["slates_to_tell"]
    if learned is False:
        return f"Agents are hard to tell apart here: {listed(kinds)}"
    room = f"random slates earn {_beside(audit, RANDOM, 'what the best ones earn')}"
    if learned is None:
        return f"Whether there is something to learn here is not decided: {room}"
    if slates is None or slates > MANY:
        many = (
            "what can be earned is lost in chance"
            if slates is None
            else f"it takes about {_rounded(slates)} slates each to see it"
        )
        return f"Agents are hard to tell apart here: {room}, but {many}{_besides(kinds)}"
    return f"There is something to learn here: {room}{_besides(kinds)}"


def remarks(audit: Mapping[str, Any]) -> list[str]:
    """What can be earned, how the objectives pull, what changes, whether looking ahead pays, and how long shoppers stay."""
    said = [_values(audit), _pull(audit), _change(audit), _ahead(audit), _stay(audit)]
    return [sentence for sentence in said if sentence]


def share(audit: Mapping[str, Any], name: str) -> float | None:
    """What a policy earns, as a share of the oracle; None where that means nothing."""
    found: float | None = audit["values"]["value"].get(name, {}).get("share_of_oracle")
    return found


def _beside(audit: Mapping[str, Any], name: str, what: str) -> str:
    """What a policy earns beside the oracle: a share, or how much less where a share means nothing."""
    part = share(audit, name)
    if part is not None:
        return f"{percent(part)} of {what}"
    short = Estimate.of(audit["gaps"][ORACLE][name])
    return f"{number(short.mean, decimals([short]))} a slate less than {what}"


def _besides(kinds: list[str]) -> str:
    return f"; but: {listed(kinds)}" if kinds else ""


def _values(audit: Mapping[str, Any]) -> str:
    said = f"One slate for everybody earns {_beside(audit, POPULAR, 'the oracle')}"
    if audit["context"] is not None:
        said += f"; the best slates that the observation allows, {_beside(audit, CONTEXT, 'the oracle')}: the ceiling for agents"
    if audit["slates_to_tell"] is None:
        return said + "."
    ceiling = "that ceiling" if audit["context"] is not None else "the oracle"
    return f"{said}. About {_rounded(audit['slates_to_tell'])} slates each tell {ceiling} from random slates."


def _pull(audit: Mapping[str, Any]) -> str:
    said, plural = [], audit["config"]["plurals"]
    for own, others in audit["tradeoff"]["losses"].items():
        for other, lost in others.items():
            if lost["mean"] is not None:
                said.append(f"the best slate for {plural[own]} loses {percent(lost['mean'])} of the {plural[other]}")
    return f"{_capital(', and '.join(said))}." if said else ""


def _change(audit: Mapping[str, Any]) -> str:
    found = audit["change"]["repetition"]
    if found is None:
        return ""
    worn, times = found["worn"], found["repeats"]
    lost, held = Estimate.of(worn), all_of([below(worn, MATTERS), negated(at_most(worn, -MATTERS))])
    if held:
        return f"Shown {times} times running, a category is clicked as often as ever."
    if held is None and (lost.low or 0.0) <= 0 <= (lost.high or 0.0):
        ends = f"{percent(lost.low).removesuffix(' %')} to {percent(lost.high)} of its clicks are lost"
        return f"Whether a category wears out when it is shown {times} times running is not decided: {ends}."
    wears = (lost.mean or 0.0) > 0
    said = (
        f"Shown {times} times running, a category {'loses' if wears else 'gains'} {percent(abs(lost.mean or 0.0))} of its clicks"
    )
    back = found["visits_to_half"]
    if back is None:
        return f"{said}; half of that is not undone within {len(found['visits']) - times} visits of rest."
    return f"{said}; half of that is undone after {back} visit{'s' * (back != 1)} of rest."


def _ahead(audit: Mapping[str, Any]) -> str:
    found = audit["sight"]
    if found is None:
        return ""
    share, lead = Estimate.of(found["lead_share"]), Estimate.of(found["lead"])
    name, oracle = f"“{found['best']}”", "the oracle of single visits"
    if share.mean is None:
        places = decimals([lead])
        more, ends = number(lead.mean, places), f"{number(lead.low, places)} to {number(lead.high, places)}"
    else:
        more, ends = percent(share.mean), f"{percent(share.low).removesuffix(' %')} to {percent(share.high)}"
    if found["verdict"] == PAYS:
        return f"Looking ahead pays: {name} earns {more} more over a stay than {oracle} (95 % interval {ends})."
    if found["verdict"] == UNDECIDED:
        return f"Whether looking ahead pays is not decided: {name} leads {oracle} by {more} over a stay (95 % interval {ends})."
    if found["verdict"] == DOES_NOT:
        return "No slates that look ahead were found to earn more over a stay than the oracle's, which look at one visit."
    most = number(found["most"], 4) if share.mean is None else percent(found["most"] / found["greedy"]["per_stay"]["mean"])
    return f"If looking ahead pays, then by no more than {most} of what {oracle} earns over a stay (95 %, of all slates tried)."


def _stay(audit: Mapping[str, Any]) -> str:
    found = audit["leaving"]
    if found is None:
        return "A shopper comes once."
    policies, most = found["policies"], audit["config"]["visits_followed"]
    if not any(each["left"] for each in policies.values()):
        return f"Nobody leaves before the {most} visits are over."
    shown = [f"{policies[name]['visits']['mean']:.1f} of {most} visits under {name} slates" for name in (RANDOM, ORACLE)]
    return f"A shopper stays for {listed(shown)}."


def _rounded(count: int) -> str:
    """A number of slates to two digits."""
    return f"{float(f'{count:.1e}'):,.0f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
