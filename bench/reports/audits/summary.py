"""The summary of an audit, in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.audits.decisions import all_of, at_most, below, negated
from slategym.bench.audits.lookahead import DOES_NOT, PAYS, UNDECIDED
from slategym.bench.audits.values import CONTEXT, ORACLE, POPULAR, RANDOM
from slategym.bench.audits.warnings import never_converts, something_to_learn
from slategym.bench.format import decimals, ends, listed, number, percent, percent_ends
from slategym.bench.statistics import Estimate

MATTERS = 0.02  # a smaller share of change counts as none
MANY = 1_000_000  # slates of an agent in a benchmark by default, all seeds together


def headline(audit: Mapping[str, Any]) -> str:
    """Whether agents can be told apart, by the gap between random slates and the best; and the warnings."""
    kinds = list(dict.fromkeys(warning["kind"] for warning in audit["warnings"]))
    learned, slates = something_to_learn(audit), audit["slates_to_tell"]
    if learned is False:
        return f"Agents are hard to tell apart here: {listed(kinds)}"
    room = f"random slates earn {_beside(audit, RANDOM, 'the value of the best')}"
    if learned is None:
        return f"Whether there is something to learn here is not decided: {room}"
    if slates is None or slates > MANY:
        many = "the difference is lost in noise" if slates is None else f"it takes about {_rounded(slates)} slates each to see it"
        return f"Agents are hard to tell apart here: {room}, but {many}{_besides(kinds)}"
    return f"There is something to learn here: {room}{_besides(kinds)}"


def summary_sentences(audit: Mapping[str, Any]) -> list[str]:
    """The values, the trade-off of the objectives, what changes, whether looking ahead pays, and how long episodes are."""
    said = [_fidelity(audit), _values(audit), _pull(audit), _change(audit), _lookahead(audit), _episodes(audit)]
    return [sentence for sentence in said if sentence]


def share(audit: Mapping[str, Any], name: str) -> float | None:
    """The value of a policy as a share of the oracle's; None where that means nothing."""
    known: float | None = audit["values"]["value"].get(name, {}).get("share_of_oracle")
    return known


def _beside(audit: Mapping[str, Any], name: str, what: str) -> str:
    """The value of a policy relative to the oracle: a share, or the difference where a share means nothing."""
    part = share(audit, name)
    if part is not None:
        return f"{percent(part)} of {what}"
    short = Estimate.from_json(audit["gaps"][ORACLE][name])
    return f"{number(short.mean, decimals([short]))} per slate less than {what}"


def _besides(kinds: list[str]) -> str:
    return f"; but: {listed(kinds)}" if kinds else ""


def _fidelity(audit: Mapping[str, Any]) -> str:
    found = audit["fidelity"]
    if found is None:
        return ""
    explained, rate, true = (Estimate.from_json(found[name]) for name in ("explained", "rate", "true_rate"))
    return (
        f"These shoppers were learned: on random slates they click {percent(rate.mean)} of impressions and the true ones "
        f"{percent(true.mean)}; of what the true probabilities tell, theirs tell {percent(explained.mean)} "
        f"(95 % interval {percent_ends(explained)}), and the correlation of both is {number(found['correlation'], 2)}."
    )


def _values(audit: Mapping[str, Any]) -> str:
    said = f"One slate for everybody earns {_beside(audit, POPULAR, 'the oracle')}"
    if audit["context"] is not None:
        said += f"; with the observation alone, an agent can reach at most {_beside(audit, CONTEXT, 'the oracle')}"
    if audit["slates_to_tell"] is None:
        return said + "."
    best = "that limit" if audit["context"] is not None else "the oracle"
    return f"{said}. It takes about {_rounded(audit['slates_to_tell'])} slates each to tell {best} from random slates."


def _pull(audit: Mapping[str, Any]) -> str:
    said, plural = [], audit["config"]["plurals"]
    for own, others in audit["tradeoff"]["losses"].items():
        for other, lost in others.items():
            if lost["mean"] is not None and not never_converts(audit):
                said.append(f"the best slate for {plural[own]} loses {percent(lost['mean'])} of the best {plural[other]}")
    return f"{_capital(', and '.join(said))}." if said else ""


def _change(audit: Mapping[str, Any]) -> str:
    found = audit["change"]["repetition"]
    if found is None:
        return ""
    lost, times = Estimate.from_json(found["worn"]), found["repeats"]
    unchanged = all_of([below(lost, MATTERS), negated(at_most(lost, -MATTERS))])
    if unchanged:
        return f"Shown {times} times in a row, a category is clicked as often as before."
    if unchanged is None and (lost.low or 0.0) <= 0 <= (lost.high or 0.0):
        return (
            f"Whether a category loses clicks when it is shown {times} times in a row is not decided: "
            f"{percent_ends(lost)} of its clicks are lost."
        )
    wears = (lost.mean or 0.0) > 0
    said = (
        f"Shown {times} times in a row, a category {'loses' if wears else 'gains'} {percent(abs(lost.mean or 0.0))} of its clicks"
    )
    back = found["visits_to_half"]
    if back is None:
        return f"{said}; half of that is not undone within {len(found['visits']) - times} visits of rest."
    return f"{said}; half of that is undone after {back} visit{'s' * (back != 1)} of rest."


def _lookahead(audit: Mapping[str, Any]) -> str:
    found = audit["lookahead"]
    if found is None:
        return ""
    share, lead = Estimate.from_json(found["lead_share"]), Estimate.from_json(found["lead"])
    name, oracle = f"“{found['best']}”", "the oracle of single visits"
    if share.mean is None:
        places = decimals([lead])
        more, within = number(lead.mean, places), ends(lead, places)
    else:
        more, within = percent(share.mean), percent_ends(share)
    if found["verdict"] == PAYS:
        return f"Looking ahead pays: {name} earns {more} more per episode than {oracle} (95 % interval {within})."
    if found["verdict"] == UNDECIDED:
        return f"Whether looking ahead pays is not decided: {name} leads {oracle} by {more} per episode (95 % interval {within})."
    if found["verdict"] == DOES_NOT:
        return "None of the lookahead slates that were tried earns more per episode than the oracle of single visits."
    most = number(found["most"], 4) if share.mean is None else percent(found["most"] / found["greedy"]["per_episode"]["mean"])
    return f"If looking ahead pays, then by no more than {most} of what {oracle} earns per episode (95 %, for all slates tried)."


def _episodes(audit: Mapping[str, Any]) -> str:
    found = audit["leaving"]
    if found is None:
        return "A shopper comes once."
    policies, most = found["policies"], audit["config"]["visits_followed"]
    if not any(policy["left"] for policy in policies.values()):
        return f"No shopper leaves before the {most} visits are over."
    shown = [f"{policies[name]['visits']['mean']:.1f} of {most} visits under {name} slates" for name in (RANDOM, ORACLE)]
    return f"An episode lasts {listed(shown)}."


def _rounded(count: int) -> str:
    """A number of slates to two digits."""
    return f"{float(f'{count:.1e}'):,.0f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
