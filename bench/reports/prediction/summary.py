"""Sentences on the findings of a prediction, for the page and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slategym.bench.format import listed, number

METRICS = {"value": "value per slate", "value_per_episode": "value per episode", "log_loss": "log-loss of clicks"}
SCORES = {
    "auc_click": "the AUC of clicks",
    "auc_both": "the AUC of clicks that convert",
    "rmse_click": "the exact error of clicks",
    "rmse_both": "the exact error of clicks that convert",
}


def headline(result: Mapping[str, Any]) -> str:
    """The models with the best predictions and the highest value, in a sentence.

    Args:
        result: content of prediction.json, with at least one model.
    """
    orders = result["orders"]
    if not knows_truth(result):
        first = orders["log_loss"][0]
        told = f"log-loss of clicks {number(result['models'][first]['test']['click']['log_loss'], 5)}"
        return f"{first}: {told}" if len(result["models"]) == 1 else f"{first} has the lowest {told}"
    earner, others = orders["value"][0], tied(result)
    metric = METRICS[result["ranked_by"]]
    first = listed([earner, *others])
    earns = f"the {metric} of {first} does not differ significantly" if others else f"{earner} has the highest {metric}"
    predictor = orders["auc_click"][0]
    if len(result["models"]) == 1:
        return f"{earner}: AUC of clicks {number(result['models'][earner]['test']['click']['auc'], 3)}"
    if predictor == earner and not others:
        return f"{earner} has the highest AUC of clicks and the highest {metric}"
    return f"{predictor} has the highest AUC of clicks; {earns}"


def knows_truth(result: Mapping[str, Any]) -> bool:
    """Whether the world of the log is known, so that there are exact probabilities and values as agents.

    Args:
        result: content of prediction.json.
    """
    return "value" in result["orders"]


def order_of(result: Mapping[str, Any]) -> list[str]:
    """The models, the best first: by value, or by the log-loss of clicks if values are not known.

    Args:
        result: content of prediction.json.
    """
    found: list[str] = result["orders"]["value" if knows_truth(result) else "log_loss"]
    return found


def tied(result: Mapping[str, Any]) -> list[str]:
    """The models that do not earn significantly less than the best one.

    Args:
        result: content of prediction.json.
    """
    best = result["orders"]["value"][0]
    apart = {
        frozenset((pair["a"], pair["b"])) for pair in result["pairs"] if pair["adjusted"] is not None and pair["adjusted"] <= 0.05
    }
    return [name for name in result["orders"]["value"][1:] if frozenset((best, name)) not in apart]


def findings(result: Mapping[str, Any]) -> list[str]:
    """Sentences on the agreement of the orders and on the selection bias.

    Args:
        result: content of prediction.json, with at least one model.
    """
    said: list[str] = []
    if not knows_truth(result):
        return said
    agreement = {key: value for key, value in result["agreement_with_value"].items() if value is not None}
    if agreement:
        parts = [f"{number(value, 2, signed=True)} with {SCORES[key]}" for key, value in agreement.items()]
        said.append(
            f"Rank correlation of the order by {METRICS[result['ranked_by']]} over {len(result['models'])} models: "
            f"{listed(parts)}."
        )
    models = result["models"]
    worst = max(models, key=lambda name: abs(models[name]["selection_bias"]["difference"]))
    bias = models[worst]["selection_bias"]
    said.append(
        f"Largest selection bias: the mean error of {worst}'s conversion probabilities is {number(bias['all'], 4, signed=True)} "
        f"over all impressions and {number(bias['clicked'], 4, signed=True)} over clicked ones."
    )
    return said
