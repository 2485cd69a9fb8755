"""What is wrong with a world: where a comparison of agents in it would say nothing, and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from slategym.bench.audits.decisions import Decision, all_of, at_most, below, negated, proportion
from slategym.bench.audits.values import CONTEXT, ORACLE, POPULAR, RANDOM
from slategym.bench.format import decimals, number
from slategym.bench.statistics import Estimate, of, scale

LEAST_RATE, MOST_RATE = 1e-4, 0.9
AGREE = 0.05  # the best slates lose less of the other objective: no trade-off
# Of what the objectives move by the weights, which is the value of the oracle unless there are costs:
LITTLE = 0.05  # the oracle earns less above random: nothing to learn
ALIKE = 0.02  # the oracle earns less above the best fixed slate: nothing to personalise
SURE = 0.05  # half the interval of the oracle's value is wider: few shoppers
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
        fix: what to change.
    """

    kind: str
    says: str
    means: str
    fix: str


Check = tuple[Decision, Finding]  # and whether it holds


def warnings(audit: Mapping[str, Any]) -> list[Finding]:
    """Where the world is degenerate.

    Args:
        audit: as `bench.audits.audit.audit` builds it.
    """
    return [finding for holds, finding in _checks(audit) if holds]


def notes(audit: Mapping[str, Any]) -> list[Finding]:
    """What to know when reading the numbers, and which warnings so few shoppers cannot decide."""
    undecided = [
        Finding(
            "not decided",
            f"whether this is “{finding.kind}” is not decided: {finding.says}",
            "the interval over these shoppers holds both answers",
            "more --shoppers",
        )
        for holds, finding in _checks(audit)
        if holds is None
    ]
    return [*_exactness(audit), *_change(audit), *_certainty(audit), *undecided]


def something_to_learn(audit: Mapping[str, Any]) -> Decision:
    """Whether the best slates earn more than random ones by more than a little; None where that is not decided."""
    little = at_most(audit["gaps"][ORACLE][RANDOM], LITTLE * _size(audit))
    return negated(little)


def _checks(audit: Mapping[str, Any]) -> Iterator[Check]:
    return (check for part in (_rates, _choices, _learning, _observation, _stays) for check in part(audit))


def _rates(audit: Mapping[str, Any]) -> Iterator[Check]:
    named = {
        "clicks_per_impression": ("clicks per impression", "the level of attraction, or the examination of the ranks"),
        "conversions_per_click": ("conversions per click", "the level of conversion"),
    }
    for key, (name, lever) in named.items():
        for slates in (RANDOM, ORACLE):
            figure = audit["rates"][slates][key]
            if figure["mean"] is None:
                continue
            yield (
                below(figure, LEAST_RATE),
                Finding(
                    "rate",
                    f"{name} of {slates} slates: {figure['mean']:.3g}, below {LEAST_RATE:g}",
                    "so few answers that an agent learns little from very many slates",
                    f"raise {lever}",
                ),
            )
            # Where random slates are not always answered there is much to gain, however high the oracle gets.
            always = negated(at_most(audit["rates"][RANDOM][key], MOST_RATE))
            yield (
                always and negated(at_most(figure, MOST_RATE)),
                Finding(
                    "rate",
                    f"{name} of {slates} slates: {figure['mean']:.3g}, above {MOST_RATE:g}",
                    "nearly every answer is yes, so answers tell little and there is nothing left to gain",
                    f"lower {lever}",
                ),
            )
    click = audit["by_rank"]["click"]
    first, last = (click[place]["mean"] or 0.0 for place in (0, -1))
    if first:
        yield (
            below(click[-1], UNSEEN * first),
            Finding(
                "unseen ranks",
                f"rank {len(click)} is clicked {last / first:.1g} times as often as rank 1",
                "the lowest ranks are never looked at: what stands there does not matter",
                "make slates shorter, or let examination fall more slowly",
            ),
        )


def _choices(audit: Mapping[str, Any]) -> Iterator[Check]:
    yield (
        audit["config"]["items"] == audit["config"]["slate_size"],
        Finding(
            "no choice",
            f"a slate shows all {audit['config']['items']} items",
            "agents can only order what everybody is shown anyway",
            "add items, or make slates shorter",
        ),
    )
    losses = [(other, lost) for others in audit["tradeoff"]["losses"].values() for other, lost in others.items()]
    known = [(other, lost) for other, lost in losses if lost["mean"] is not None]
    said = " and ".join(f"{100 * lost['mean']:.1f} % of {audit['config']['plurals'][other]}" for other, lost in known)
    yield (
        bool(known) and all_of(below(lost, AGREE) for _, lost in known),
        Finding(
            "no trade-off",
            f"the best slates for one objective lose only {said}",
            "the objectives agree: optimising either gives both, and their weights do not matter",
            "let clicks and conversions depend on different things, such as appeal and quality",
        ),
    )


def _learning(audit: Mapping[str, Any]) -> Iterator[Check]:
    found, gaps, size = audit["values"]["value"], audit["gaps"][ORACLE], _size(audit)
    learned = something_to_learn(audit)
    oracle, random = (found[name]["per_slate"]["mean"] or 0.0 for name in (ORACLE, RANDOM))
    yield (
        negated(learned),
        Finding(
            "nothing to learn",
            f"the oracle earns {oracle:.4g} a slate, random slates {random:.4g}",
            "every agent that is no worse than random slates earns about the same, whatever it learns",
            "let items differ more in what they draw and sell",
        ),
    )
    share = found[POPULAR]["share_of_oracle"]
    short = f"{100 * share:.1f} % of the oracle" if share is not None else f"{gaps[POPULAR]['mean']:.4g} less than the oracle"
    yield (
        learned is not False and at_most(gaps[POPULAR], ALIKE * size),
        Finding(
            "nothing to personalise",
            f"one slate for everybody earns {short}",
            "shoppers want the same things: agents differ by how soon they find the best slate, not by whom they know",
            "let tastes differ more from shopper to shopper",
        ),
    )


def _observation(audit: Mapping[str, Any]) -> Iterator[Check]:
    if audit["context"] is None:
        return
    gaps = audit["gaps"]
    gap = gaps[ORACLE][POPULAR]["mean"] or 0.0
    if at_most(gaps[ORACLE][POPULAR], ALIKE * _size(audit)) is not False:
        return  # nothing that an observation could tell
    told = 100 * (gaps[CONTEXT][POPULAR]["mean"] or 0.0) / gap
    said = f"the observation brings {max(told, 0.0):.1f} % of the way from the best fixed slate to the oracle"
    yield (
        below(of(gaps[CONTEXT][POPULAR], gap), USELESS),
        Finding(
            "context useless",
            said,
            "taste matters, but nothing that agents see tells of it: none can beat the best fixed slate by much",
            "let UserModel.context show something of the taste, blurred as it may be",
        ),
    )
    yield (
        below(of(gaps[ORACLE][CONTEXT], gap), 1 - ALL),
        Finding(
            "context tells all",
            said,
            "agents see as much as the shopper's latent taste: nothing is hidden, as it is in a real shop",
            "blur what UserModel.context shows, unless that is what you want to simulate",
        ),
    )


def _stays(audit: Mapping[str, Any]) -> Iterator[Check]:
    if audit["leaving"] is None:
        return
    policies = audit["leaving"]["policies"]
    second = {name: found["survival"][1] for name, found in policies.items()}
    name = max(second, key=lambda each: second[each])
    yield (
        below(proportion(second[name], audit["config"]["shoppers"]), FEW_RETURN),
        Finding(
            "everyone leaves",
            f"at most {100 * second[name]:.1f} % of the shoppers come a second time ({name} slates)",
            "visits after the first hardly happen: history, satiation and loyalty play no part",
            "lower UserModel.leaving, or make it a world of single visits",
        ),
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
        reaches, short = audit["oracle_reaches"]["mean"], Estimate.of(audit["oracle_short"])
        near = (
            f"reach at least {100 * reaches:.1f} % of what no slate can exceed"
            if reaches is not None
            else f"fall short by {number(short.mean, decimals([short]))} a slate, at most, of what no slate can exceed"
        )
        yield Finding(
            "oracle not exact",
            f"the oracle's slates {near}",
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
    oracle = audit["values"]["value"][ORACLE]
    value, size = Estimate.of(oracle["per_slate"]), _size(audit)
    if value.low is not None and value.high is not None and (half := (value.high - value.low) / 2) > SURE * size:
        known = oracle["share_of_oracle"] is not None and value.mean
        within = f"to {100 * half / value.mean:.0f} %" if known and value.mean else f"to within {half:.2g} a slate"
        yield Finding(
            "few shoppers", f"the oracle's value is known {within}", "small differences cannot be seen", "more --shoppers"
        )
    more, share = ((audit["context"] or {}).get(name, {}) for name in ("more_per_slate", "more"))
    if more.get("low") is not None and more["low"] > UNSETTLED * size:
        earned = f"{100 * share['mean']:.1f} %" if share["mean"] is not None else f"{more['mean']:.2g} a slate"
        yield Finding(
            "context unsettled",
            f"twice the shoppers and a network twice as wide earn {earned} more from the observation",
            "the fit is still improving: what is best from context lies higher than it says here",
            "read shares of it as too high by some per cent",
        )


def _size(audit: Mapping[str, Any]) -> float:
    """What the objectives move by the weights: under the oracle's slates, or under random ones if those move more."""
    found, keys = audit["values"]["value"], ("clicks_per_slate", "conversions_per_slate")
    means = [[found[name][key]["mean"] or 0.0 for key in keys] for name in (RANDOM, ORACLE)]
    return max(scale(each, audit["config"]["weights"]) for each in means)
