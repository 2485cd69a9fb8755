"""What the sentences of a report say of results."""

from slategym.bench.reports.findings import Findings


def made(values, pairs=(), **entries):
    """Results from values `name: (mean, low, high)` and pairs `(a, b, difference, low, high)`."""
    keys = ("mean", "low", "high")
    return {
        "config": {},
        "agents": {name: {"value": dict(zip(keys, value, strict=True))} for name, value in values.items()},
        "pairs": [dict(zip(("a", "b", "difference", "low", "high"), pair, strict=True)) for pair in pairs],
        **entries,
    }


THREE = {"a": (0.5, 0.48, 0.52), "b": (0.45, 0.43, 0.47), "c": (0.2, 0.19, 0.21), "oracle": (0.9, 0.88, 0.92)}


APART = [("a", "b", 0.05, 0.02, 0.08), ("a", "c", 0.3, 0.28, 0.32), ("b", "c", 0.25, 0.23, 0.27)]


def test_a_winner_is_named_with_its_lead():
    findings = Findings(made(THREE, APART))
    assert findings.headline() == "a is best: +0.050 value per slate over b (95 % interval 0.020 to 0.080)"
    turned = [(b, a, -value, -high, -low) for a, b, value, low, high in APART]
    assert Findings(made(THREE, turned)).headline() == findings.headline()


def test_what_cannot_be_told_apart_is_not_ranked():
    tied = [("a", "b", 0.05, -0.01, 0.11), *APART[1:]]
    findings = Findings(made(THREE, tied))
    assert findings.headline() == "No significant winner: a and b lead"
    assert any("contains 0" in sentence for sentence in findings.summary_sentences())
    assert "The leaders each earn significantly more than c." in findings.summary_sentences()
    untold = [*tied[:2], ("b", "c", 0.25, -0.01, 0.27)]
    assert "The leaders each earn significantly more than c." not in Findings(made(THREE, untold)).summary_sentences()


def test_a_noisy_third_that_may_be_first_is_not_passed_over():
    noisy = [APART[0], ("a", "c", 0.3, -0.1, 0.7), APART[2]]
    assert Findings(made(THREE, noisy)).headline() == "No significant winner: a leads, but does not differ significantly from c"


def test_one_seed_one_agent_and_the_oracle_alone():
    single = {name: (mean, None, None) for name, (mean, _, _) in THREE.items()}
    pairs = [(a, b, value, None, None) for a, b, value, _, _ in APART]
    assert Findings(made(single, pairs, notes=["One seed"])).headline() == "a has the highest value per slate, with a single seed"
    assert "One seed" in Findings(made(single, pairs, notes=["One seed"])).summary_sentences()
    assert Findings(made({"a": THREE["a"]})).headline() == "a earns 0.500 per slate"
    assert Findings(made({"oracle": THREE["oracle"]})).headline() == "Only the oracle was run"


def test_a_better_end_is_told_where_the_seeds_show_it():
    values = {"a": (0.5, 0.4, 0.6), "b": (0.4, 0.3, 0.5)}
    results = made(values, [("a", "b", 0.1, 0.05, 0.15)])
    for name, final in (("a", [0.50, 0.52, 0.49]), ("b", [0.60, 0.63, 0.58])):
        results["agents"][name]["final_value"] = {"mean": sum(final) / 3, "low": None, "high": None}
        results["agents"][name]["seeds"] = {"seed": [0, 1, 2], "final_value": final}
    assert any("b earns 0.100 per slate more than a" in sentence for sentence in Findings(results).summary_sentences())
    results["agents"]["b"]["seeds"]["final_value"] = [0.60, 0.40, 0.81]  # the same mean, and chance might have done it
    assert not any("last 10 %" in sentence for sentence in Findings(results).summary_sentences())
