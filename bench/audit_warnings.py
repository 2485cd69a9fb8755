"""What is wrong with a world: where a comparison of agents in it would say nothing, and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from slategym.bench.audit_values import CONTEXT, ORACLE, POPULAR, RANDOM

LEAST_RATE, MOST_RATE = 1e-4, 0.9
AGREE = 0.05  # the best slates lose less of the other objective: no trade-off
LITTLE = 0.05  # the oracle earns less above random: nothing to learn
ALIKE = 0.02  # the oracle earns less above the best fixed slate: nothing to personalise
USELESS, ALL = 0.05, 0.99  # of the gap between the best fixed slate and the oracle, from the observation
FEW_RETURN = 0.5  # fewer come for a second visit
UNSEEN = 0.01  # the last rank is clicked less often than this share of the first
STILL = 0.001  # a change of probabilities that is none
UNSETTLED = 0.02  # the larger fit earns more above the smaller one


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: a word or two for programs.
        says: what was measured.
        means: why it matters.
        mend: what to change.
    """

    kind: str
    says: str
    means: str
    mend: str


def warnings(audit: Mapping[str, Any]) -> list[Finding]:
    """Where the world is degenerate.

    Args:
        audit: as `bench.audit.audit` builds it.
    """
    return [*_rates(audit), *_choices(audit), *_learning(audit), *_observation(audit), *_stays(audit)]


def notes(audit: Mapping[str, Any]) -> list[Finding]:
    """What to know when reading the numbers."""
    return [*_exactness(audit), *_change(audit), *_certainty(audit)]


def _rates(audit: Mapping[str, Any]) -> Iterator[Finding]:
    named = {
        "clicks_per_impression": ("clicks per impression", "the level of attraction, or the examination of the ranks"),
        "purchases_per_click": ("purchases per click", "the level of conversion"),
    }
    for key, (name, lever) in named.items():
        for slates in (RANDOM, ORACLE):
            rate = audit["rates"][slates][key]["mean"]
            if rate is None or LEAST_RATE <= rate <= MOST_RATE:
                continue
            few = rate < LEAST_RATE
            yield Finding(
                "rate",
                f"{name} of {slates} slates: {rate:.3g}, {'below' if few else 'above'} {LEAST_RATE if few else MOST_RATE:g}",
                "so few answers that an agent needs millions of slates to learn from them"
                if few
                else "nearly every answer is yes, so answers tell little and there is nothing left to gain",
                f"{'raise' if few else 'lower'} {lever}",
            )
    click = [rank["mean"] or 0.0 for rank in audit["by_rank"]["click"]]
    if click[-1] < UNSEEN * click[0]:
        yield Finding(
            "unseen ranks",
            f"rank {len(click)} is clicked {click[-1] / click[0]:.1g} times as often as rank 1",
            "the lowest ranks are never looked at: what stands there does not matter",
            "make slates shorter, or let examination fall more slowly",
        )


def _choices(audit: Mapping[str, Any]) -> Iterator[Finding]:
    if audit["config"]["items"] == audit["config"]["slate_size"]:
        yield Finding(
            "no choice",
            f"a slate shows all {audit['config']['items']} items",
            "agents can only order what everybody is shown anyway",
            "add items, or make slates shorter",
        )
    losses = {own: each for own, others in audit["tradeoff"]["losses"].items() for each in others.items()}
    known = {own: (other, lost["mean"]) for own, (other, lost) in losses.items() if lost["mean"] is not None}
    if known and all(lost < AGREE for _, lost in known.values()):
        said = " and ".join(f"{100 * lost:.1f} % of {other}s" for other, lost in known.values())
        yield Finding(
            "no trade-off",
            f"the best slates for one objective lose only {said}",
            "the objectives agree: whoever serves one serves both, and how they are weighed does not matter",
            "let what is clicked and what is bought depend on different things, such as appeal and quality",
        )


def _learning(audit: Mapping[str, Any]) -> Iterator[Finding]:
    random, popular, oracle = (_value(audit, name) for name in (RANDOM, POPULAR, ORACLE))
    if oracle <= 0 or oracle - random < LITTLE * oracle:
        yield Finding(
            "nothing to learn",
            f"the oracle earns {oracle:.4g} a slate, random slates {random:.4g}",
            "every agent earns about the same, whatever it learns",
            "let items differ more in what they draw and sell",
        )
    elif oracle - popular < ALIKE * oracle:
        yield Finding(
            "nothing to personalise",
            f"one slate for everybody earns {100 * popular / oracle:.1f} % of the oracle",
            "shoppers want the same things: popularity is as good as any agent can be",
            "let tastes differ more from shopper to shopper",
        )


def _observation(audit: Mapping[str, Any]) -> Iterator[Finding]:
    if audit["context"] is None:
        return
    popular, context, oracle = (_value(audit, name) for name in (POPULAR, CONTEXT, ORACLE))
    gap = oracle - popular
    if oracle <= 0 or gap < ALIKE * oracle:
        return  # nothing that an observation could tell
    told = (context - popular) / gap
    if told < USELESS:
        yield Finding(
            "context useless",
            f"the observation brings {max(100 * told, 0):.1f} % of the way from the best fixed slate to the oracle",
            "taste matters, but nothing that agents see tells of it: no agent can beat popularity by much",
            "let UserModel.context show something of the taste, blurred as it may be",
        )
    elif told > ALL:
        yield Finding(
            "context tells all",
            f"the observation brings {100 * told:.1f} % of the way from the best fixed slate to the oracle",
            "agents see as much as the shopper's latent taste: nothing is hidden, as it is in a real shop",
            "blur what UserModel.context shows, unless that is what you want to simulate",
        )


def _stays(audit: Mapping[str, Any]) -> Iterator[Finding]:
    if audit["leaving"] is None:
        return
    policies = audit["leaving"]["policies"]
    second = {name: found["survival"][1] for name, found in policies.items()}
    name = max(second, key=lambda each: second[each])
    if second[name] < FEW_RETURN:
        yield Finding(
            "everyone leaves",
            f"at most {100 * second[name]:.1f} % of the shoppers come a second time ({name} slates)",
            "visits after the first hardly happen: history, satiation and loyalty play no part",
            "lower UserModel.leaving, or make it a world of single visits",
        )


def _exactness(audit: Mapping[str, Any]) -> Iterator[Finding]:
    oracle = audit["config"]["oracle"]
    if oracle == "estimated":
        yield Finding(
            "estimates",
            "the user model only answers with clicks: every number here is an estimate by simulation",
            "probabilities are means of a few dozen simulated answers, and the oracle is a search among probed items, "
            "so it can even fall behind other slates",
            "override click_probability and best_slate if you know them, or raise the model's replicates and probes",
        )
    elif oracle == "approximate":
        reaches = audit["oracle_reaches"]["mean"]
        yield Finding(
            "oracle not exact",
            f"the oracle's slates reach at least {100 * (reaches or 0.0):.1f} % of what no slate can exceed",
            "this way to choose has no known fast algorithm for the best slate; the oracle comes near it",
            "nothing; read shares of the oracle with that margin",
        )


def _change(audit: Mapping[str, Any]) -> Iterator[Finding]:
    change, left = audit["change"]["displacement"], audit["leaving"]
    if change is None or left is None:
        return
    moved = [figure["mean"] or 0.0 for each in (change["policies"].values()) for figure in each["moved"]]
    moved += [figure["mean"] or 0.0 for figure in change["clock"]]
    moved += [abs(1 - (figure["mean"] or 0.0)) for figure in (audit["change"]["repetition"] or {"ratio": []})["ratio"]]
    if max(moved) < STILL and not any(each["left"] for each in left["policies"].values()):
        yield Finding(
            "nothing changes",
            "shoppers neither change nor leave",
            "each visit is the same problem again: this is a contextual bandit, and looking ahead cannot pay",
            "nothing, if a bandit is what you want; else see UserModel.evolve and UserModel.leaving",
        )


def _certainty(audit: Mapping[str, Any]) -> Iterator[Finding]:
    oracle = audit["values"]["value"][ORACLE]["per_slate"]
    if oracle["mean"] and oracle["low"] is not None and oracle["high"] - oracle["low"] > 0.1 * abs(oracle["mean"]):
        yield Finding(
            "few shoppers",
            f"the oracle's value is known to {100 * (oracle['high'] - oracle['low']) / 2 / abs(oracle['mean']):.0f} %",
            "small differences cannot be seen",
            "more --shoppers",
        )
    more = (audit["context"] or {}).get("more", {})
    if more.get("low") is not None and more["low"] > UNSETTLED:
        yield Finding(
            "context unsettled",
            f"twice the shoppers and a network twice as wide earn {100 * more['mean']:.1f} % more from the observation",
            "the fit is still improving: what is best from context lies higher than it says here",
            "read shares of it as too high by some per cent",
        )


def _value(audit: Mapping[str, Any], name: str) -> float:
    found: float | None = audit["values"]["value"][name]["per_slate"]["mean"]
    return found or 0.0
