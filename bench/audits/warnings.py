"""Warnings about degenerate worlds, in which a comparison of agents is meaningless, and how to fix them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from slategym.bench.audits.decisions import Decision, all_of, at_most, below, negated
from slategym.bench.audits.values import CONTEXT, ORACLE, POPULAR, RANDOM
from slategym.bench.format import decimals, number
from slategym.bench.statistics import Estimate, scale

LEAST_RATE, MOST_RATE = 1e-4, 0.9
# For random slates; shops report clicks for a few percent of the impressions, and conversions for a few percent of the clicks.
UNUSUAL = {"clicks_per_impression": 0.3, "conversions_per_click": 0.3}
AGREE = 0.05  # no trade-off if the best slates for one objective lose less than this share of the other
# The next three are shares of the sum of gains and costs, which is the value of the oracle unless there are costs.
LITTLE = 0.05  # nothing to learn if the oracle earns less than this more than random slates
ALIKE = 0.02  # nothing to personalise if the oracle earns less than this more than the best fixed slate
SURE = 0.05  # few shoppers if half the interval of the oracle's value is wider than this
USELESS, ALL = 0.05, 0.99  # shares of the gap between the best fixed slate and the oracle that the observation closes
FEW_RETURN = 0.5  # everyone leaves if a smaller share comes for a second visit
UNSEEN = 0.01  # unseen ranks if the last rank gets less than this share of the clicks of the first
STILL = 0.001  # a smaller change of probabilities counts as no change
UNSETTLED = 0.02  # context unsettled if the larger fit gains more than this over the smaller one


class Finding(NamedTuple):
    """A warning or a note.

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


Check = tuple[Decision, Finding]  # whether the finding holds, and the finding


def warnings(audit: Mapping[str, Any]) -> list[Finding]:
    """The ways in which the world is degenerate.

    Args:
        audit: the results of `bench.audits.audit.audit`.
    """
    return [finding for holds, finding in _checks(audit) if holds]


def notes(audit: Mapping[str, Any]) -> list[Finding]:
    """Notes on how to read the numbers, and the warnings that are undecided because there are too few shoppers."""
    undecided = [
        Finding(
            "not decided",
            f"whether this is “{finding.kind}” is not decided: {finding.says}",
            "the interval over these shoppers allows both answers",
            "use more --shoppers",
        )
        for holds, finding in _checks(audit)
        if holds is None
    ]
    return [*_left_out(audit), *_exactness(audit), *_change(audit), *_certainty(audit), *undecided]


def something_to_learn(audit: Mapping[str, Any]) -> Decision:
    """Whether the best slates earn clearly more than random ones; None if undecided."""
    return negated(at_most(_gap(audit, ORACLE, RANDOM), LITTLE * _size(audit)))


def _checks(audit: Mapping[str, Any]) -> Iterator[Check]:
    return (check for part in (_rates, _choices, _learning, _observation, _episodes) for check in part(audit))


def _rates(audit: Mapping[str, Any]) -> Iterator[Check]:
    named = {
        "clicks_per_impression": ("clicks per impression", "the level of attraction, or the examination of the ranks"),
        "conversions_per_click": ("conversions per click", "the level of conversion"),
    }
    if never_converts(audit):
        del named["conversions_per_click"]
    for key, (name, lever) in named.items():
        for slates in (RANDOM, ORACLE):
            rate = Estimate.from_json(audit["rates"][slates][key])
            if rate.mean is None:
                continue
            yield (
                below(rate, LEAST_RATE),
                Finding(
                    "rate",
                    f"{name} of {slates} slates: {rate.mean:.3g}, below {LEAST_RATE:g}",
                    "clicks or conversions are so rare that an agent learns little even from very many slates",
                    f"raise {lever}",
                ),
            )
            yield (
                negated(at_most(rate, high := UNUSUAL[key])) if slates == RANDOM else False,
                Finding(
                    "unusual rate",
                    f"{name} of random slates: {rate.mean:.3g}, above {high:g}",
                    "real shops have far lower rates, so agents that do well here may do badly there",
                    f"lower {lever}, or set the rates of the shop: click_rate=0.03,conversion_rate=0.03",
                ),
            )
            # If random slates have lower rates there is much to gain, however high the oracle's rate is.
            always = negated(at_most(Estimate.from_json(audit["rates"][RANDOM][key]), MOST_RATE))
            yield (
                always and negated(at_most(rate, MOST_RATE)),
                Finding(
                    "rate",
                    f"{name} of {slates} slates: {rate.mean:.3g}, above {MOST_RATE:g}",
                    "nearly every answer is positive, so answers carry little information and there is nothing left to gain",
                    f"lower {lever}",
                ),
            )
    click = [Estimate.from_json(rank) for rank in audit["by_rank"]["click"]]
    first, last = (click[place].mean or 0.0 for place in (0, -1))
    if first:
        yield (
            below(click[-1], UNSEEN * first),
            Finding(
                "unseen ranks",
                f"rank {len(click)} is clicked {last / first:.1g} times as often as rank 1",
                "the lowest ranks are never examined: their items do not matter",
                "make slates shorter, or let examination decrease more slowly with the rank",
            ),
        )


def never_converts(audit: Mapping[str, Any]) -> bool:
    """Whether no slate of the audit can convert, as in the worlds of most other simulators."""
    rates = [Estimate.from_json(audit["rates"][slates]["conversions_per_click"]) for slates in (RANDOM, ORACLE)]
    return all(rate.mean == 0 for rate in rates)


def _left_out(audit: Mapping[str, Any]) -> Iterator[Finding]:
    config = audit["config"]
    if names := config["objectives_left_out"]:
        yield Finding(
            "objectives left out",
            f"an audit considers clicks and conversions; {', '.join(names)} {'is' if len(names) == 1 else 'are'} left out",
            "of the world's own objectives, the audit shows only how often shoppers show each behaviour",
            "compare agents with `slategym benchmark`, which counts all objectives",
        )
    if count := config["candidates_left_out"]:
        yield Finding(
            "candidates left out",
            f"an audit considers slates of the whole catalogue; agents choose among {count:,} candidates",
            "the best slates here are better than any slate that an agent can choose",
            "compare agents with `slategym benchmark`, whose oracle also chooses among candidates",
        )
    if never_converts(audit):
        yield Finding(
            "no conversions",
            "shoppers of this world never convert",
            "only clicks count, and the numbers for conversions have no meaning",
            "nothing",
        )


def _choices(audit: Mapping[str, Any]) -> Iterator[Check]:
    yield (
        audit["config"]["items"] == audit["config"]["slate_size"],
        Finding(
            "no choice",
            f"a slate shows all {audit['config']['items']} items",
            "agents can only choose the order of the items",
            "add items, or make slates shorter",
        ),
    )
    losses = audit["tradeoff"]["losses"].values()
    lost = [(other, Estimate.from_json(share)) for others in losses for other, share in others.items()]
    known = [(other, share) for other, share in lost if share.mean is not None]
    said = " and ".join(f"{100 * (share.mean or 0.0):.1f} % of {audit['config']['plurals'][other]}" for other, share in known)
    yield (
        bool(known) and all_of(below(share, AGREE) for _, share in known),
        Finding(
            "no trade-off",
            f"the best slates for one objective lose only {said}",
            "the objectives agree: optimising either gives both, and their weights do not matter",
            "let clicks and conversions depend on different things, such as appeal and quality",
        ),
    )


def _learning(audit: Mapping[str, Any]) -> Iterator[Check]:
    values, popular_gap = audit["values"]["value"], _gap(audit, ORACLE, POPULAR)
    learned = something_to_learn(audit)
    oracle, random = (values[name]["per_slate"]["mean"] or 0.0 for name in (ORACLE, RANDOM))
    yield (
        negated(learned),
        Finding(
            "nothing to learn",
            f"the oracle earns {oracle:.4g} per slate, random slates {random:.4g}",
            "every agent that is no worse than random slates earns about the same, no matter what it learns",
            "let items differ more in attraction and conversion",
        ),
    )
    share = values[POPULAR]["share_of_oracle"]
    short = f"{100 * share:.1f} % of the oracle" if share is not None else f"{popular_gap.mean:.4g} less than the oracle"
    yield (
        learned is not False and at_most(popular_gap, ALIKE * _size(audit)),
        Finding(
            "nothing to personalise",
            f"one slate for everybody earns {short}",
            "shoppers have the same taste: agents differ in how soon they find the best slate, not in how well they personalise",
            "let tastes differ more between shoppers",
        ),
    )


def _observation(audit: Mapping[str, Any]) -> Iterator[Check]:
    if audit["context"] is None:
        return
    whole, reached, missed = (_gap(audit, *pair) for pair in ((ORACLE, POPULAR), (CONTEXT, POPULAR), (ORACLE, CONTEXT)))
    if at_most(whole, ALIKE * _size(audit)) is not False:
        return  # the observation cannot help
    told = 100 * (reached.divided_by(whole.mean).mean or 0.0)
    said = f"the observation closes {max(told, 0.0):.1f} % of the gap between the best fixed slate and the oracle"
    yield (
        below(reached.divided_by(whole.mean), USELESS),
        Finding(
            "context useless",
            said,
            "taste matters, but the observation does not reveal it: no agent can be much better than the best fixed slate",
            "let UserModel.context return a noisy part of the taste",
        ),
    )
    yield (
        below(missed.divided_by(whole.mean), 1 - ALL),
        Finding(
            "context tells all",
            said,
            "the observation reveals the shopper's whole latent taste; in a real shop some of it is hidden",
            "add noise to UserModel.context, unless you want to simulate this",
        ),
    )


def _episodes(audit: Mapping[str, Any]) -> Iterator[Check]:
    if audit["leaving"] is None:
        return
    policies = audit["leaving"]["policies"]
    second = {name: policy["survival"][1] for name, policy in policies.items()}
    name = max(second, key=lambda policy: second[policy])
    yield (
        below(Estimate.from_proportion(second[name], audit["config"]["shoppers"]), FEW_RETURN),
        Finding(
            "everyone leaves",
            f"at most {100 * second[name]:.1f} % of the shoppers come a second time ({name} slates)",
            "there are few visits after the first, so history, satiation and loyalty do not matter",
            "lower UserModel.leaving, or make it a world of single visits",
        ),
    )


def _exactness(audit: Mapping[str, Any]) -> Iterator[Finding]:
    oracle = audit["config"]["oracle"]
    if oracle == "estimated":
        yield Finding(
            "estimates",
            "the user model only returns clicks: every number here is an estimate by simulation",
            "probabilities are means of a few dozen simulated answers, and the oracle is a search among probed items, "
            "so some slates can be better than the oracle's",
            "override click_probability and best_slate if you know them, or raise the model's replicates and probes",
        )
    elif oracle == "approximate":
        reaches, short = audit["oracle_reaches"]["mean"], Estimate.from_json(audit["oracle_short"])
        near = (
            f"reach at least {100 * reaches:.1f} % of the best possible value"
            if reaches is not None
            else f"fall short of the best possible value by at most {number(short.mean, decimals([short]))} per slate"
        )
        yield Finding(
            "oracle not exact",
            f"the oracle's slates {near}",
            "there is no known fast algorithm for the best slate of this click model; the oracle is close to it",
            "nothing, but read shares of the oracle with that margin",
        )


def _change(audit: Mapping[str, Any]) -> Iterator[Finding]:
    change, left = audit["change"]["displacement"], audit["leaving"]
    if change is None or left is None:
        return
    moved = [visit["mean"] or 0.0 for policy in change["policies"].values() for visit in policy["moved"]]
    moved += [visit["mean"] or 0.0 for visit in change["clock"]]
    moved += [abs(1 - (visit["mean"] or 0.0)) for visit in (audit["change"]["repetition"] or {"ratio": []})["ratio"]]
    if max(moved) < STILL and not any(policy["left"] for policy in left["policies"].values()):
        yield Finding(
            "nothing changes",
            "shoppers neither change nor leave",
            "every visit is the same problem: this is a contextual bandit, and looking ahead cannot pay",
            "nothing if you want a bandit; else see UserModel.evolve and UserModel.leaving",
        )


def _certainty(audit: Mapping[str, Any]) -> Iterator[Finding]:
    oracle = audit["values"]["value"][ORACLE]
    value, size = Estimate.from_json(oracle["per_slate"]), _size(audit)
    if value.low is not None and value.high is not None and (half := (value.high - value.low) / 2) > SURE * size:
        known = oracle["share_of_oracle"] is not None and value.mean
        within = f"{100 * half / value.mean:.0f} %" if known and value.mean else f"{half:.2g} per slate"
        yield Finding(
            "few shoppers",
            f"the 95 % interval of the oracle's value is ±{within}",
            "small differences cannot be detected",
            "use more --shoppers",
        )
    more, share = (Estimate.from_json((audit["context"] or {}).get(name)) for name in ("more_per_slate", "more"))
    if more.low is not None and more.low > UNSETTLED * size:
        gain = f"{100 * share.mean:.1f} %" if share.mean is not None else f"{more.mean:.2g} per slate"
        yield Finding(
            "context unsettled",
            f"doubling the training data and the width of the network behind best from context gains {gain}",
            "the fit is still improving: the true best from context is higher than reported here",
            "keep in mind that shares of best from context are too high by a few percent",
        )


def _size(audit: Mapping[str, Any]) -> float:
    """The sum of gains and costs with the weights: of the oracle's slates, or of random slates if that is larger."""
    values, keys = audit["values"]["value"], ("clicks_per_slate", "conversions_per_slate")
    means = [[values[name][key]["mean"] or 0.0 for key in keys] for name in (RANDOM, ORACLE)]
    return max(scale(objectives, audit["config"]["weights"]) for objectives in means)


def _gap(audit: Mapping[str, Any], above: str, below: str) -> Estimate:
    """The difference in value per slate between two policies."""
    return Estimate.from_json(audit["gaps"][above][below])
