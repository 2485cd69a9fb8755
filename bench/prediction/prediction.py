"""The training and the judgement of models that a plan asks for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Problem
from slategym.agents.common.shopper_memory import kept_of
from slategym.agents.predictors.fit import conversions_of
from slategym.agents.registry import agent_identity
from slategym.bench.claims import pairs
from slategym.bench.execution.threads import one_thread
from slategym.bench.jobs.failures import Failure, as_entries, failure_notes, status_of, tell_failures
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.output import read_result
from slategym.bench.prediction.corruption import Kind, corrupted
from slategym.bench.prediction.exact import TARGETS, Truth, errors, examined_by, selection_bias, shown, shown_in
from slategym.bench.prediction.metrics import judged, rank_correlation
from slategym.bench.prediction.models import cost, earn, file_name, make_model, parameters, train
from slategym.bench.prediction.parts import Parts, slates_of
from slategym.bench.prediction.profile import inferred, observed
from slategym.bench.statistics import Estimate, as_json
from slategym.bench.tracking.tracker import Tracker
from slategym.bench.tracking.training import followed_training
from slategym.sim.world import World
from slategym.utils.short_repr import Brief
from slategym.utils.storage.files import make_folder, write_json
from slategym.utils.storage.fingerprint import code_version, fingerprint

COSTS = "costs.json"
LOG_LOSS = "log_loss"  # what models are ranked by where nobody knows what they earn


class _StoppedError(Exception):
    """The caller asked for an early end."""


@dataclass(frozen=True, repr=False)
class Prediction(Brief):
    """Models that are ready to be trained and judged.

    Attributes:
        config: what is done.
        problem: of the log.
        parts: of the log.
        world: of the log; None where it is not known, and models are judged by the log alone.
    """

    config: dict[str, Any]
    problem: Problem
    parts: Parts
    world: World | None = None

    @property
    def size(self) -> int:
        """The slates that all models learn, at most, and show."""
        return len(self.config["models"]) * (self._fits * self._fit + self._earned)

    @property
    def _fits(self) -> int:
        return 1 + len(self.config["corruption"]) * len(self.config["levels"])

    @property
    def _fit(self) -> int:
        return int(self.config["epochs"] * self.config["parts"]["train"])

    @property
    def _earned(self) -> int:
        return int(self.config["seeds"] * self.config["earn_slates"]) if self.world is not None else 0

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Callable[[int], None] | None = None,
        stop: Callable[[], bool] | None = None,
        store: Any = None,
        folder: Path | None = None,
    ) -> dict[str, Any]:
        """Train and judge every model; see `predict`.

        Args:
            processes: not used: models are trained one after another, so that their times are comparable.
            progress: see `predict`.
            stop: see `predict`.
            store: says whether runs are tracked; `folder` holds the models that are finished.
            folder: see `predict`.

        Returns:
            See `predict`.
        """
        names, config = self.config["models"], self.config
        found: dict[str, Any] = {}
        costs: dict[str, Any] = {}
        failed: list[Failure] = []
        with one_thread(with_torch=True), _place(folder) as models:
            make_folder(Path(models))
            truth = None if self.world is None else Truth.of(self.world, config["seed"], config["true_slates"])
            for number, name in enumerate(names):
                start = number * self.size // len(names)
                advance = _Advance(progress, start, stop)
                try:
                    found[name], costs[name] = self._model(name, Path(models), truth, advance, store.track if store else None)
                except _StoppedError:
                    break
                except Exception as error:
                    failed.append(Failure.of(name, error))
            profile = None if truth is None else observed(truth)
        result = {
            "config": config,
            "status": status_of(len(found), len(names), failed),
            "runs": {"asked": len(names), "finished": len(found)},
            "failed": as_entries(failed),
            "notes": [*failure_notes(failed), *self._notes(found)],
            "models": found,
            "observation": profile,
            "ranked_by": (ranked_by := config["rank_by"] if truth is None else _metric(found, config["rank_by"])),
            **_compared(found, ranked_by),
        }
        if folder:
            write_json(folder / COSTS, {"models": costs})
        return tell_failures(as_json({**result, **({} if folder else {"costs": costs})}))

    def _notes(self, found: dict[str, Any]) -> list[str]:
        notes, wanted = [], self.config["rank_by"]
        if self.world is None:
            return [*self.config["notes"]]
        if self.world.estimated:
            notes.append("The user model is a black box: what is called exact is an estimate by simulation.")
        if _metric(found, wanted) != wanted:
            notes.append("The runs are too short for whole episodes: models are ordered by what they earn per slate.")
        return notes

    def _model(
        self, name: str, models: Path, truth: Truth | None, advance: _Advance, track: Callable[[str], Tracker] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The results and the costs of a model, those that the folder holds if they are of the same."""
        plain, mark = file_name(name, self.config["models"]), self._mark(name)
        path, kept = models / f"{plain}.agent", read_result(models / f"{plain}.json")
        if mark and kept.get("fingerprint") == mark and path.is_file():
            return kept["result"], kept["costs"]
        config, parts = self.config, self.parts
        about = {"agent": name, "slates": slates_of(parts.train), **{key: config[key] for key in ("epochs", "patience", "seed")}}
        with followed_training(track, f"{plain} training", about, about["slates"]) as training:
            agent = make_model(name, self.problem, config["seed"])
            before, start = kept_of(agent), perf_counter()
            try:
                history = train(agent, parts, config["epochs"], config["patience"], advance, training.epoch)
            except _StoppedError:
                training.finish({"status": "interrupted"})
                raise
            seconds = perf_counter() - start
            examined = examined_by(agent, parts.train, before)
            result: dict[str, Any] = {
                "fit": history,
                "parameters": parameters(agent),
                "examination": examined.tolist(),
                "test": self._tested(shown_in(agent, parts.path, before, parts.ends[1]).at_ranks(examined)),
            }
            if truth is not None:
                true = shown(agent, truth)
                result["exact"] = errors(truth, true.at_ranks(examined))
                result["selection_bias"] = selection_bias(truth, true.conversion)
                result["profile"] = inferred(agent, truth)
            training.finish(as_json({"status": "finished", "seconds": seconds, **result}))
        decided = parts.test[0][0] if truth is None else truth.observations[0]
        costs = {"seconds": seconds, **cost(agent, path, decided)}
        advance.base += self._fit
        if self.world is not None and truth is not None:
            result["corruption"] = {kind: self._corrupted(name, kind, truth, advance) for kind in config["corruption"]}
            result["earnings"] = self._earnings(self.world, path, advance, track)
        write_json(models / f"{plain}.json", as_json({"fingerprint": mark, "result": result, "costs": costs}))
        return as_json(result), costs

    def _earnings(self, world: World, path: Path, advance: _Advance, track: Callable[[str], Tracker] | None) -> dict[str, Any]:
        """What a saved model earns as an agent, of each seed and with intervals."""
        config = self.config
        sizes = (config["earn_slates"], config["seeds"], config["seed"], config["shoppers"])
        earned = earn(world, path, *sizes, advance, advance.stopped, track)
        if earned is None:
            raise _StoppedError
        known = [key for key in earned[0] if all(key in each for each in earned)]
        return {"seeds": earned, **{key: Estimate.from_seeds([each[key] for each in earned]) for key in known}}

    def _mark(self, name: str) -> str | None:
        """What a model's results depend on, as a fingerprint; None where that cannot be told."""
        others = {key: value for key, value in self.config.items() if key not in ("models", "fingerprint")}
        try:
            return fingerprint([others, self.world, self.problem, agent_identity(name), code_version()])
        except ValueError:
            return None

    def _tested(self, predicted: dict[str, Any]) -> dict[str, Any]:
        """The metrics on the test part: of clicks and of both over all impressions, of conversions over those clicked."""
        clicks = np.concatenate([feedback.clicks for _, _, feedback in self.parts.test])
        conversions = np.concatenate(conversions_of(self.parts.test))
        row = self._clusters(clicks.shape)
        return {
            "click": judged(clicks, predicted["click"], row),
            "conversion": judged(conversions[clicks], predicted["conversion"][clicks], row[clicks]),
            "both": judged(conversions, predicted["both"], row),
        }

    def _clusters(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """(r, k) what depends on each other: the slates of a row of the batch, where shoppers keep theirs, else each slate."""
        rows = [np.arange(len(observation)) for observation, _, _ in self.parts.test]
        slate = np.arange(shape[0]) if self.world is None else np.concatenate(rows)
        return np.broadcast_to(slate[:, None], shape)

    def _corrupted(self, name: str, kind: Kind, truth: Truth, advance: _Advance) -> list[dict[str, float]]:
        """For each level of corruption of the training part, the error of each target against the truth."""
        config, found = self.config, []
        for level in config["levels"]:
            agent = make_model(name, self.problem, config["seed"])
            before = kept_of(agent)
            steps = corrupted(self.parts.train, agent.problem, kind, level, config["seed"])
            train(agent, replace(self.parts, train=steps), config["epochs"], config["patience"], advance)
            advance.base += self._fit
            found_there = shown(agent, truth)
            measured = errors(truth, found_there.at_ranks(examined_by(agent, steps, before)))
            found.append({"level": level, **{target: measured[target]["rmse"] for target in TARGETS}})
        return found


class _Advance:
    """Tells the slates done so far, and ends the work once that is asked for."""

    def __init__(self, progress: Callable[[int], None] | None, base: int, stop: Callable[[], bool] | None) -> None:
        self.progress, self.base, self.stop = progress, base, stop

    def stopped(self) -> bool:
        return bool(self.stop and self.stop())

    def __call__(self, slates: int) -> None:
        if self.stopped():
            raise _StoppedError
        if self.progress:
            self.progress(self.base + slates)


def _place(folder: Path | None) -> Any:
    """Where models are saved: a folder that stays, or one for the block."""
    return tempfile.TemporaryDirectory() if folder is None else nullcontext(folder / "models")


def _metric(models: dict[str, Any], wanted: str) -> str:
    """What models are ordered by: what is wanted, where every model has it, else the value per slate."""
    return wanted if all(wanted in found["earnings"] for found in models.values()) else "value"


def _compared(models: dict[str, Any], metric: str) -> dict[str, Any]:
    """The orders of the models, best first, and the paired differences of what they earn."""
    every, names = models.values(), list(models)
    scores = {f"auc_{target}": [_number(each["test"][target]["auc"]) for each in every] for target in ("click", "both")}
    if metric == LOG_LOSS:  # nobody knows what they earn
        scores["log_loss"] = [-each["test"]["click"]["log_loss"] for each in every]
        return {"orders": {key: _order(names, each) for key, each in scores.items()}, "agreement_with_value": {}, "pairs": []}
    scores |= {f"rmse_{target}": [-each["exact"][target]["rmse"] for each in every] for target in ("click", "both")}
    scores["value"] = [_number(each["earnings"].get(metric, {}).get("mean")) for each in every]
    several = len(models) > 1
    agreement = {key: rank_correlation(each, scores["value"]) for key, each in scores.items() if several and key != "value"}
    runs = {name: found["earnings"]["seeds"] for name, found in models.items()}
    earned = {name: {at: run[metric] for at, run in enumerate(each) if metric in run} for name, each in runs.items()}
    differences = [{"a": pair.a, "b": pair.b, "difference": pair.difference, "adjusted": pair.adjusted} for pair in pairs(earned)]
    orders = {key: _order(names, each) for key, each in scores.items()}
    return {"orders": orders, "agreement_with_value": agreement, "pairs": differences}


def _order(names: list[str], scores: list[float]) -> list[str]:
    return [names[place] for place in np.argsort(-np.array(scores), kind="stable")]


def _number(value: float | None) -> float:
    return -1.0 if value is None else value
