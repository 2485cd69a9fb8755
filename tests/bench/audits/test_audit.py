"""The audit as a whole: what it warns of, and that it can be relied on."""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests.bench.audits.audited import CLICK, CONVERT, healthy, kinds_world

from slategym.bench.audits.audit import audit
from slategym.bench.reports.audits.page import page
from slategym.bench.reports.audits.summary import headline, summary_sentences
from slategym.bench.rollouts import RANDOM_SLATES, generator, random_policy
from slategym.scripts.common.audit_tables import print_audit
from slategym.sim.click_models import PositionBased, UserBrowsing
from slategym.sim.objectives import make_objectives
from slategym.sim.simulation import Simulation
from slategym.sim.streams import Stream
from slategym.sim.user_models.black_box import BlackBox
from slategym.sim.world import World
from slategym.sim.worlds import make_world


def audited(world, **arguments):
    return audit(world, **{"shoppers": 60, "context_ceiling": False, **arguments})


def kinds(found, part="warnings"):
    return {each["kind"] for each in found[part]}


@cache
def whole():
    return audit(healthy(), shoppers=100)


def test_a_healthy_world_is_not_warned_of():
    assert whole()["warnings"] == []
    assert "something to learn" in headline(whole())


def test_the_values_of_policies_rise_and_the_context_stands_between():
    for values in whole()["values"].values():
        random, popular, context, oracle = (
            values[name]["per_slate"]["mean"] for name in ("random", "popular", "context", "oracle")
        )
        # One slate again and again wears out, so popular may fall behind random.
        assert max(random, popular) < context < oracle
    values = whole()["values"]["value"]
    assert values["oracle"]["share_of_oracle"] == 1
    oracle = values["oracle"]
    per_slate = oracle["clicks_per_slate"]["mean"] + 10 * oracle["conversions_per_slate"]["mean"]
    assert oracle["per_slate"]["mean"] == pytest.approx(per_slate)


@pytest.mark.slow
def test_all_of_it_is_json_and_the_same_again():
    text = json.dumps(whole(), allow_nan=False)
    assert json.loads(text) == whole()
    assert json.dumps(audit(healthy(), shoppers=100), allow_nan=False) == text
    assert audit(healthy(), shoppers=100, seed=1, context_ceiling=False)["values"] != whole()["values"]


def test_the_record_says_what_was_audited():
    found = audited(replace(healthy(), origin="my_shop.py:Kinds"), options={"a": 1}, seed=5, weights=(1, 2))["config"]
    assert (found["world"], found["options"], found["seed"], found["weights"]) == ("my_shop.py:Kinds", {"a": 1}, 5, [1.0, 2.0])
    assert (found["items"], found["slate_size"], found["visits"], found["shoppers"]) == (6, 2, 4, 60)
    assert (found["user_model"], found["click_model"]) == ("Kinds", "PositionBased")


ALIKE = ((0.1,) * 6,)
DEGENERATE = {
    "no trade-off": lambda: kinds_world(CLICK, ALIKE, slate_size=2),
    "nothing to learn": lambda: kinds_world(((0.3,) * 6,), ALIKE, slate_size=2),
    "nothing to personalise": lambda: kinds_world((CLICK[0],), (CONVERT[0],), slate_size=2),
    "no choice": lambda: kinds_world(((0.5, 0.1),), ((0.1, 0.4),), slate_size=2),
    "everyone leaves": lambda: healthy(leave=(0.8, 0.9)),
    "unseen ranks": lambda: healthy(click_model=PositionBased([1.0, 0.001])),
    "rate": lambda: kinds_world(np.array(CLICK) * 1e-4, CONVERT, slate_size=2),
}


@pytest.mark.parametrize("kind", DEGENERATE)
def test_a_degenerate_world_is_warned_of(kind):
    found = audited(DEGENERATE[kind]())
    assert kind in kinds(found)
    assert kind in headline(found)
    assert all(each["says"] and each["means"] and each["fix"] for each in found["warnings"])


def test_where_agents_differ_by_how_soon_they_learn_they_are_not_called_hard_to_tell_apart():
    """One slate is best for everybody; it earns several times what random ones do, which a slow learner long shows."""
    found = audited(DEGENERATE["nothing to personalise"]())
    assert headline(found).startswith("There is something to learn here: random slates earn")
    assert found["slates_to_tell"] < 1000
    assert all("popularity" not in each["means"] for each in found["warnings"])
    for kind in ("nothing to learn", "no trade-off", "unseen ranks"):
        hard = headline(audited(DEGENERATE[kind]())).startswith("Agents are hard to tell apart here")
        assert hard == (kind == "nothing to learn")


def test_an_oracle_that_is_nearly_always_answered_leaves_much_to_gain():
    found = audited(kinds_world(((0.97, 0.02, 0.02, 0.02, 0.02, 0.02),), ((0.1,) * 6,)))
    assert found["rates"]["oracle"]["clicks_per_impression"]["mean"] > 0.9
    assert "rate" not in kinds(found)


def test_rare_answers_make_agents_hard_to_tell_apart():
    found = audited(kinds_world(np.array(CLICK) * 2e-5, CONVERT, slate_size=2), weights=(1.0, 0.0))
    random, oracle = (found["values"]["value"][name]["per_slate"]["mean"] for name in ("random", "oracle"))
    # Clicks so rare are as uncertain as they are many: 7.85 times the variances, over the square of the difference.
    assert found["slates_to_tell"] == pytest.approx(7.849 * (random + oracle) / (oracle - random) ** 2, rel=1e-3)
    assert re.match(
        r"Agents are hard to tell apart here: .* detecting it takes about 2,[67]00,000 slates each; but: rate", headline(found)
    )


def test_what_few_shoppers_cannot_decide_is_said_to_be_open():
    """Half of them come a second time, and a world is degenerate where fewer do."""
    found = audited(healthy(leave=(0.49,)))
    assert "everyone leaves" not in kinds(found)
    said = [each["says"] for each in found["notes"] if each["kind"] == "not decided"]
    assert any(each.startswith("whether this is “everyone leaves” is not decided: at most") for each in said)
    for leave, expected in ((0.8, True), (0.1, False)):
        decided = audited(healthy(leave=(leave,)))
        assert ("everyone leaves" in kinds(decided)) == expected
        assert not any("everyone leaves" in each["says"] for each in decided["notes"])


def test_costs_that_no_slate_earns_back_leave_differences_instead_of_shares(capsys):
    """A click costs 1 and a conversion brings 1: the oracle loses least, and there is much to learn about that."""
    found = audited(healthy(click_model=UserBrowsing.geometric(2)), weights=(-1.0, 1.0))
    value = found["values"]["value"]
    assert value["oracle"]["per_slate"]["mean"] < 0
    assert all(each["share_of_oracle"] is None for each in value.values())
    assert found["values"]["click"]["random"]["share_of_oracle"] > 0.3
    assert not {"nothing to learn", "nothing to personalise"} & kinds(found)
    short = value["oracle"]["per_slate"]["mean"] - value["random"]["per_slate"]["mean"]
    assert short > 0.2
    assert found["gaps"]["oracle"]["random"]["mean"] == pytest.approx(short)
    assert f"random slates earn {short:.3f}" in headline(found)
    assert "per slate less than the value of the best" in headline(found)
    assert "per slate less than the oracle" in summary_sentences(found)[0]
    assert "fall short of the best possible value" in next(
        each["says"] for each in found["notes"] if each["kind"] == "oracle not exact"
    )
    for sentence in [headline(found), *summary_sentences(found)]:
        assert "–" not in sentence
        assert "nan" not in sentence
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page(found), re.DOTALL)[1])
    plot = next(plot for plot in data["plots"] if plot["id"] == "reference-policies")
    assert plot["layout"]["yaxis"]["ticktext"] == ["clicks alone", "conversions alone"]
    print_audit(found)
    said = capsys.readouterr().out
    assert "and regret" in said
    assert f"{short:.3f}" in next(line for line in said.splitlines() if line.startswith("random  "))


@pytest.mark.parametrize(
    ("click", "convert", "said"),
    [
        (np.full((1, 6), 5e-5), CONVERT, "clicks per impression of random slates: 5e-05, below 0.0001"),
        (np.full((1, 6), 0.95), CONVERT, "clicks per impression of random slates: 0.95, above 0.9"),
        (np.full((1, 6), 0.4), CONVERT, "clicks per impression of random slates: 0.4, above 0.3"),
        (CLICK, np.full((1, 6), 0.5), "conversions per click of random slates: 0.5, above 0.3"),
        (CLICK, np.full((1, 6), 1e-5), "conversions per click of oracle slates: 1e-05, below 0.0001"),
        (CLICK, np.full((1, 6), 0.99), "conversions per click of random slates: 0.99, above 0.9"),
    ],
)
def test_extreme_rates_are_named(click, convert, said):
    assert said in [each["says"] for each in audited(kinds_world(click, convert, slate_size=2))["warnings"]]


@pytest.mark.parametrize("rate", [1e-4, 0.9])
def test_rates_at_the_edge_are_not(rate):
    found = audited(kinds_world(np.full((1, 6), 0.3), np.full((1, 6), rate), slate_size=2))
    assert "rate" not in kinds(found)


def test_nobody_ever_clicks():
    found = audited(kinds_world(np.zeros((1, 6)), CONVERT, slate_size=2))
    assert {"rate", "nothing to learn"} <= kinds(found)
    assert found["rates"]["random"]["conversions_per_click"]["mean"] is None
    summary_sentences(found)


@pytest.mark.parametrize(("seen", "kind"), [(0.0, "context useless"), (1.0, "context tells all")])
def test_what_the_context_tells(seen, kind):
    found = audit(kinds_world(CLICK, CONVERT, slate_size=2, visits=2, seen=seen), shoppers=60)
    assert kind in kinds(found)


def test_an_idle_world_is_noted():
    assert "nothing changes" in kinds(audited(kinds_world(CLICK, CONVERT, slate_size=2)), "notes")
    for change in ({"wear": 0.1}, {"fond": 0.1}, {"season": 0.1}, {"leave": (0.2,)}):
        assert "nothing changes" not in kinds(audited(kinds_world(CLICK, CONVERT, slate_size=2, **change)), "notes")
    assert "nothing changes" not in kinds(audited(kinds_world(CLICK, CONVERT, slate_size=2, visits=1)), "notes")


def test_a_single_visit_has_no_later():
    found = audited(kinds_world(CLICK, CONVERT, slate_size=2, visits=1))
    assert found["lookahead"] is found["leaving"] is found["change"]["repetition"] is found["change"]["displacement"] is None
    assert summary_sentences(found)[-1] == "Each shopper comes once."


def test_an_oracle_that_is_not_exact_says_how_near_it_comes():
    found = audited(healthy(click_model=UserBrowsing.geometric(2)))
    assert found["config"]["oracle"] == "approximate"
    assert 0.5 < found["oracle_reaches"]["mean"] <= 1
    assert kinds(found, "notes") == {"oracle not exact"}


def test_too_few_shoppers_are_noted():
    world = kinds_world(((0.9, 0.1), (0.1, 0.2)), ((0.1,) * 2,))
    assert "few shoppers" in kinds(audited(world, shoppers=10), "notes")
    assert "few shoppers" not in kinds(audited(world, shoppers=1000), "notes")


class Box(BlackBox):
    """Answers with clicks alone: two kinds of shoppers, each with its favourite half of the items."""

    click_model = PositionBased(np.ones(2))
    replicates = 16

    def sample(self, draws, catalog):
        return {"kind": (draws.uniform(128) < 0.5).astype(np.int8)}, {}

    def context(self, shoppers):
        return shoppers.kind[:, None].astype(np.float32)

    def clicks(self, shoppers, catalog, slate, draws):
        liked = (slate < 3) == (shoppers.kind[:, None] == 0)
        return draws.uniform(Stream.CLICK, slate) < np.where(liked, 0.6, 0.1)


def test_a_black_box_is_audited_by_estimates():
    catalog = healthy().catalog
    found = audit(World("Box-v0", catalog, Box(), slate_size=2, visits=3), shoppers=60)
    assert found["config"]["oracle"] == "estimated"
    assert "estimates" in kinds(found, "notes")
    values = found["values"]["click"]
    for name, clicks in (("random", 0.7), ("popular", 0.7), ("oracle", 1.2), ("context", 1.2)):
        # Of 60 shoppers and 16 replicates; the popular slate may fall to either kind.
        assert values[name]["per_slate"]["mean"] == pytest.approx(clicks, abs=0.15)
    assert found["context"]["explained"] == {"click": None, "conversion": None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": (1.0,)}, "a finite number for each of click, conversion"),
        ({"weights": (1.0, float("nan"))}, r"weights is .*: expected several values, each a number, or None"),
        ({"shoppers": 1}, "at least 2"),
    ],
)
def test_mistakes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        audited(healthy(), **arguments)


def test_candidates_and_other_objectives_are_left_out_and_told():
    plain = audited(healthy())
    other = audited(replace(healthy(), candidates=3, objectives=make_objectives("profit,click")))
    told = {note["kind"]: note["says"] for note in other["notes"]}
    assert told["objectives left out"] == "an audit considers clicks and conversions; profit is left out"
    assert "among 3 candidates" in told["candidates left out"]
    assert other["values"] == plain["values"]


@pytest.mark.slow
def test_behaviours_and_absences_are_counted():
    world = make_world("KuaiSimLike-v0", items=40, categories=4, visits=20)
    found = audit(world, shoppers=100, context_ceiling=False)
    random, oracle = found["behaviours"]["random"], found["behaviours"]["oracle"]
    assert oracle["per_slate"]["like"]["low"] > random["per_slate"]["like"]["high"]
    assert oracle["days_away"]["high"] < random["days_away"]["low"]
    simulation, likes = Simulation(world, 0, 100), 0
    policy = random_policy(world, generator(0, RANDOM_SLATES))
    for _ in range(20):
        likes += simulation.show(policy(simulation.shoppers)).behaviours["like"].sum()
    assert random["per_slate"]["like"]["mean"] == pytest.approx(likes / 2000, rel=0.25)  # of other random slates
    assert "no conversions" in {note["kind"] for note in found["notes"]}
    assert not any("conversions" in sentence for sentence in summary_sentences(found))
    assert "Other behaviours of shoppers" in page(found)


def test_sentences():
    said = summary_sentences(whole())
    assert len(said) == 5
    assert "an agent, which sees only the observation, can earn at most" in said[0]
    assert "loses" in said[1]
    assert "A category that is shown 2 times in a row loses" in said[2]
    assert "of 4 visits with random slates" in said[4]
    assert "nothing" not in said[0]
    assert audited(healthy(leave=(0.0,)))["leaving"]["policies"]["oracle"]["left"] == 0
    assert "No shopper leaves before the 4 visits are over." in summary_sentences(audited(healthy(leave=(0.0,))))
