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

MATTERS = 0.02  # smaller relative changes are ignored
MANY = 1_000_000  # slates of an agent in a benchmark with default options, all seeds together


def headline(audit: Mapping[str, Any]) -> str:
    """Whether agents can be told apart, given the gap between random slates and the best; and the warnings."""
    kinds = list(dict.fromkeys(warning["kind"] for warning in audit["warnings"]))
    learned, slates = something_to_learn(audit), audit["slates_to_tell"]
    if learned is False:
        return f"Agents are hard to tell apart here: {listed(kinds)}"
    room = f"random slates earn {_beside(audit, RANDOM, 'the value of the best')}"
    if learned is None:
        return f"It is unclear whether there is something to learn here: {room}"
    if slates is None or slates > MANY:
        many = "noise hides the difference" if slates is None else f"detecting it takes about {_rounded(slates)} slates each"
        return f"Agents are hard to tell apart here: {room}, but {many}{_besides(kinds)}"
    return f"There is something to learn here: {room}{_besides(kinds)}"


def summary_sentences(audit: Mapping[str, Any]) -> list[str]:
    """Sentences on values, the trade-off between objectives, changes of shoppers, looking ahead, and the length of episodes."""
    said = [_fidelity(audit), _values(audit), _pull(audit), _change(audit), _lookahead(audit), _episodes(audit)]
    return [sentence for sentence in said if sentence]


def share(audit: Mapping[str, Any], name: str) -> float | None:
    """The value of a policy as a share of the oracle's; None where a share has no meaning."""
    known: float | None = audit["values"]["value"].get(name, {}).get("share_of_oracle")
    return known


def _beside(audit: Mapping[str, Any], name: str, what: str) -> str:
    """The value of a policy relative to the oracle: a share, or the difference where a share has no meaning."""
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
        f"These shoppers were learned from a log: on random slates they click {percent(rate.mean)} of impressions, and the true "
        f"shoppers {percent(true.mean)}. Their probabilities explain {percent(explained.mean)} of what the true probabilities "
        f"explain (95 % interval {percent_ends(explained)}), and the correlation of the two is {number(found['correlation'], 2)}."
    )


def _values(audit: Mapping[str, Any]) -> str:
    said = f"One slate for everybody earns {_beside(audit, POPULAR, 'the oracle')}"
    if audit["context"] is not None:
        said += f"; an agent, which sees only the observation, can earn at most {_beside(audit, CONTEXT, 'the oracle')}"
    if audit["slates_to_tell"] is None:
        return said + "."
    best = "this limit" if audit["context"] is not None else "the oracle"
    return f"{said}. Telling {best} from random slates takes about {_rounded(audit['slates_to_tell'])} slates each."


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
        return f"A category that is shown {times} times in a row gets as many clicks as before."
    if unchanged is None and (lost.low or 0.0) <= 0 <= (lost.high or 0.0):
        return (
            f"It is unclear whether a category loses clicks when it is shown {times} times in a row: "
            f"it loses {percent_ends(lost)} of them."
        )
    wears = (lost.mean or 0.0) > 0
    said = (
        f"A category that is shown {times} times in a row {'loses' if wears else 'gains'} "
        f"{percent(abs(lost.mean or 0.0))} of its clicks"
    )
    back = found["visits_to_half"]
    if back is None:
        return f"{said}; {len(found['visits']) - times} visits without it do not undo half of this."
    return f"{said}; half of this is undone after {back} visit{'s' * (back != 1)} without it."


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
        ahead = f"{name} leads {oracle} by {more} per episode"
        return f"It is unclear whether looking ahead pays: {ahead} (95 % interval {within})."
    if found["verdict"] == DOES_NOT:
        return "None of the lookahead policies that were tried earns more per episode than the oracle of single visits."
    most = number(found["most"], 4) if share.mean is None else percent(found["most"] / found["greedy"]["per_episode"]["mean"])
    return f"Looking ahead gains at most {most} per episode over {oracle} (95 %, for all policies tried)."


def _episodes(audit: Mapping[str, Any]) -> str:
    found = audit["leaving"]
    if found is None:
        return "Each shopper comes once."
    policies, most = found["policies"], audit["config"]["visits_followed"]
    if not any(policy["left"] for policy in policies.values()):
        return f"No shopper leaves before the {most} visits are over."
    shown = [f"{policies[name]['visits']['mean']:.1f} of {most} visits with {name} slates" for name in (RANDOM, ORACLE)]
    return f"An episode lasts {listed(shown)}."


def _rounded(count: int) -> str:
    """A number of slates, rounded to two digits."""
    return f"{float(f'{count:.1e}'):,.0f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
