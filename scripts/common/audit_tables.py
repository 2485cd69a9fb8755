"""Tables and sentences of an audit in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slategym.bench.audits.values import CONTEXT, ORACLE
from slategym.bench.format import bracketed, decimals, number, percent
from slategym.bench.reports.audits.summary import headline, summary_sentences
from slategym.bench.statistics import Estimate
from slategym.scripts.common.terminal import console, table

if TYPE_CHECKING:
    from rich.table import Table

VISITS = 3  # number of visits at which the table of episodes shows how many shoppers are left


def print_audit(audit: Mapping[str, Any]) -> None:
    """Print the tables, the summary, and the warnings and notes."""
    from rich.padding import Padding

    config, screen = audit["config"], console()
    about = "estimates" if config["oracle"] == "estimated" else "exact for each shopper"
    screen.print(
        f"{config['world']}: {config['slate_size']} of {config['items']:,} items on a slate, "
        f"{config['visits']:,} visit{'s' * (config['visits'] != 1)}, {config['user_model']}, {config['click_model']}.\n"
        f"{config['shoppers']:,} shoppers; ± and [ ] show 95 % intervals over them. Probabilities are {about}.\n"
    )
    for lines in (
        _rates(audit),
        _behaviours(audit),
        _ranks(audit),
        _values(audit),
        _context(audit),
        _tradeoff(audit),
        _lookahead(audit),
        _episodes(audit),
    ):
        if lines is not None:
            screen.print(lines)
            screen.print()
    screen.print(f"{headline(audit)}.")
    for sentence in summary_sentences(audit):
        screen.print(sentence)
    for title, kind in (("WARNING", "warnings"), ("Note", "notes")):
        for found in audit[kind]:
            screen.print(f"\n{title} ({found['kind']}): {found['says']}.")
            screen.print(Padding(f"What it means: {found['means']}.\nWhat to do: {found['fix']}.", (0, 0, 0, 2)))


def _rates(audit: Mapping[str, Any]) -> Table:
    lines = table("policy", "clicks/impression", "conversions/click", "revenue/slate")
    for name, rates in audit["rates"].items():
        lines.add_row(f"{name} slates", *(_with_interval(rate) for rate in rates.values()))
    return lines


def _behaviours(audit: Mapping[str, Any]) -> Table | None:
    """The mean of each behaviour per slate, and the days between visits; None if the world has neither."""
    policies = audit["behaviours"]
    first = next(iter(policies.values()))
    names = [*first["per_slate"], *(["days between visits"] if first["days_away"] else [])]
    if not names:
        return None
    lines = table("behaviour, per slate", *(f"{policy} slates" for policy in policies))
    for name in names:
        found = [
            policy["days_away"] if name == "days between visits" else policy["per_slate"][name] for policy in policies.values()
        ]
        lines.add_row(name, *map(_with_interval, found))
    return lines


def _ranks(audit: Mapping[str, Any]) -> Table:
    ranks = audit["by_rank"]
    lines = table("rank, random slates", "clicks", "% of rank 1", "conversions/click")
    first = ranks["click"][0]["mean"]
    for place, (click, conversion) in enumerate(zip(ranks["click"], ranks["conversion"], strict=True), 1):
        lines.add_row(
            f"rank {place}", _with_interval(click), percent(click["mean"] / first if first else None), _with_interval(conversion)
        )
    return lines


def _values(audit: Mapping[str, Any]) -> Table:
    weights = ",".join(f"{weight:g}" for weight in audit["config"]["weights"])
    mixes, plurals = list(audit["values"]), audit["config"]["plurals"]
    titles = {mix: f"value ({weights})" if mix == "value" else f"{plurals[mix]} alone" for mix in mixes}
    for mix in mixes:
        if audit["values"][mix][ORACLE]["share_of_oracle"] is None:
            titles[mix] += "\nand regret"
    lines = table("policy, per slate", *titles.values())
    places = {mix: decimals(Estimate.from_json(policy["per_slate"]) for policy in audit["values"][mix].values()) for mix in mixes}
    for name in audit["values"]["value"]:
        cells = []
        for mix in mixes:
            found = audit["values"][mix][name]
            share = "" if name == ORACLE else f" {_beside(audit['values'][mix], name, places[mix]):>7}"
            cells.append(f"{number(found['per_slate']['mean'], places[mix])}{share:8}")
        lines.add_row("best from context" if name == CONTEXT else name, *cells)
    return lines


def _beside(found: Mapping[str, Any], name: str, places: int) -> str:
    """The value as a share of the oracle's, or the difference to the oracle where a share has no meaning."""
    if found[name]["share_of_oracle"] is not None:
        return percent(found[name]["share_of_oracle"])
    value, oracle = (found[each]["per_slate"]["mean"] for each in (name, ORACLE))
    return "–" if value is None or oracle is None else number(oracle - value, places)


def _context(audit: Mapping[str, Any]) -> Table | None:
    found = audit["context"]
    if found is None:
        return None
    share = found["more"]["mean"] is not None
    gain = Estimate.from_json(found["more"]).divided_by(0.01) if share else Estimate.from_json(found["more_per_slate"])
    places = 2 if share else decimals([gain])
    lines = table("best from context", "")
    lines.add_row("training shoppers", f"{found['shoppers']:,}")
    for name, explained in found["explained"].items():
        lines.add_row(f"explained variance of {audit['config']['plurals'][name]}", percent(explained))
    title = f"gain from doubling training data and network, {'%' if share else 'per slate'}"
    lines.add_row(title, number(gain.mean, places) + bracketed(gain, places))
    return lines


def _tradeoff(audit: Mapping[str, Any]) -> Table:
    front = audit["tradeoff"]["front"]
    names = [name for name in front if name != "mix"]
    plurals = [audit["config"]["plurals"][name] for name in names]
    lines = table("best achievable by mix", *plurals)
    for place, mix in enumerate(front["mix"]):
        if round(10 * mix, 6) % 2 == 0:
            lines.add_row(f"{100 * mix:.0f} % {plurals[0]}", *(f"{front[name][place]:.4g}" for name in names))
    return lines


def _lookahead(audit: Mapping[str, Any]) -> Table | None:
    found = audit["lookahead"]
    if found is None:
        return None
    lines = table("lookahead", "value per episode", "difference to oracle", "visits")
    places = decimals(Estimate.from_json(variant["difference"]) for variant in found["variants"].values())
    lines.add_row(
        "oracle of single visits", number(found["greedy"]["per_episode"]["mean"], places), "", _mean(found["greedy"]["visits"])
    )
    variants = found["variants"]
    for name in sorted(variants, key=lambda name: -(variants[name]["per_episode"]["mean"] or 0.0)):
        value, visits = number(variants[name]["per_episode"]["mean"], places), _mean(variants[name]["visits"])
        gap = Estimate.from_json(variants[name]["difference"])
        lines.add_row(name, value, number(gap.mean, places, True) + bracketed(gap, places), visits)
    return lines


def _episodes(audit: Mapping[str, Any]) -> Table | None:
    found = audit["leaving"]
    if found is None:
        return None
    most = audit["config"]["visits_followed"]
    looks = sorted({max(2, round(step * most / VISITS)) for step in range(1, VISITS + 1)})
    lines = table("policy, per episode", "visits", *(f"at visit {visit}" for visit in looks), "left")
    for name, policy in found["policies"].items():
        shares = [percent(policy["survival"][visit - 1]) for visit in looks]
        lines.add_row("best from context" if name == CONTEXT else name, _mean(policy["visits"]), *shares, percent(policy["left"]))
    return lines


def _with_interval(content: Mapping[str, float | None]) -> str:
    """A mean, with half the width of its interval after ±."""
    estimate = Estimate.from_json(content)
    places = decimals([estimate])
    half = "" if estimate.mean is None or estimate.high is None else f" ± {number(estimate.high - estimate.mean, places)}"
    return number(estimate.mean, places) + half


def _mean(found: Mapping[str, float | None]) -> str:
    return number(found["mean"], 1)
