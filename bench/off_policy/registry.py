"""The estimators by name and with options, such as `switch-dr:threshold=10`; this does not import any estimator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from slategym.bench.off_policy.rounds import Rounds
from slategym.bench.off_policy.terms import Terms
from slategym.utils.checked import check_values
from slategym.utils.lookup import choose
from slategym.utils.options import REQUIRED, Option, options_of
from slategym.utils.short_repr import Brief
from slategym.utils.specification import choose_named, read_options, split_options, terms

AUTO = "auto"  # an option that SLOPE chooses
# Candidates for SLOPE, from the least bias to the least variance.
WEIGHTS = (None, 10_000.0, 3000.0, 1000.0, 300.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0)
SHRINKAGES = (None, 1e6, 1e5, 1e4, 1000.0, 300.0, 100.0, 30.0, 10.0, 1.0, 0.1, 0.0)
RATES = (0.0, 1e-5, 1e-4, 3e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class EstimatorSpec(NamedTuple):
    """A named estimator.

    Attributes:
        name: a name such as "switch-dr".
        kind: the kind of rounds that it takes: "actions", "slates" or "episodes".
        summary: a description in one line.
        entry_point: "module:function" of the function of arrays.
        tuned: the option that SLOPE chooses if it is `auto`; empty for none.
        candidates: the candidates for this option, from the least bias to the least variance.
    """

    name: str
    kind: str
    summary: str
    entry_point: str
    tuned: str = ""
    candidates: tuple[float | None, ...] = ()

    @property
    def function(self) -> Callable[..., Terms]:
        """The function of arrays."""
        module, _, name = self.entry_point.partition(":")
        found: Callable[..., Terms] = getattr(import_module(module), name)
        return found


_A, _S, _E = (f"slategym.bench.off_policy.{module}" for module in ("actions", "slates", "episodes"))
ESTIMATORS: dict[str, EstimatorSpec] = {
    spec.name: spec
    for spec in (
        EstimatorSpec("ipw", "actions", "inverse propensity weighting", f"{_A}:ipw", "clip", WEIGHTS),
        EstimatorSpec("snipw", "actions", "self-normalised inverse propensity weighting", f"{_A}:snipw", "clip", WEIGHTS),
        EstimatorSpec("dm", "actions", "direct method: the expectation of a reward model", f"{_A}:dm"),
        EstimatorSpec("dr", "actions", "doubly robust: the model, corrected by weighted residuals", f"{_A}:dr"),
        EstimatorSpec("sndr", "actions", "doubly robust with self-normalised weights", f"{_A}:sndr"),
        EstimatorSpec("switch-dr", "actions", "doubly robust where weights are small", f"{_A}:switch_dr", "threshold", WEIGHTS),
        EstimatorSpec("dr-os", "actions", "doubly robust, weights shrunk optimistically", f"{_A}:dr_os", "shrinkage", SHRINKAGES),
        EstimatorSpec("mrdr", "actions", "doubly robust, model fitted for the least variance", f"{_A}:mrdr"),
        EstimatorSpec(
            "subgaussian-ipw", "actions", "ipw, harmonic mean of weights and 1", f"{_A}:subgaussian_ipw", "rate", RATES
        ),
        EstimatorSpec("subgaussian-dr", "actions", "dr, harmonic mean of weights and 1", f"{_A}:subgaussian_dr", "rate", RATES),
        EstimatorSpec("sips", "slates", "standard IPS: the weight of the whole slate", f"{_S}:sips"),
        EstimatorSpec("iips", "slates", "independent IPS: ranks do not affect each other", f"{_S}:iips"),
        EstimatorSpec("rips", "slates", "reward-interaction IPS: shoppers look from top to bottom", f"{_S}:rips"),
        EstimatorSpec("cascade-dr", "slates", "rips, corrected by a reward model", f"{_S}:cascade_dr"),
        EstimatorSpec("pseudo-inverse", "slates", "additive ranks that are logged independently", f"{_S}:pseudo_inverse"),
        EstimatorSpec("position-based", "slates", "clicks need an examined rank and an attractive item", f"{_S}:position_based"),
        EstimatorSpec("trajectory", "episodes", "importance sampling of whole episodes", f"{_E}:trajectory"),
        EstimatorSpec("per-decision", "episodes", "importance sampling step by step", f"{_E}:per_decision"),
        EstimatorSpec("episode-dr", "episodes", "per-decision, corrected by a model", f"{_E}:episode_dr"),
    )
}


@dataclass(frozen=True, repr=False)
class Estimator(Brief):
    """An estimator with its options.

    Attributes:
        text: the text that it was made from, such as "switch-dr:threshold=10".
        spec: the named estimator.
        options: the given options, without one that SLOPE chooses.
        automatic: whether SLOPE chooses the option `spec.tuned`.
    """

    text: str
    spec: EstimatorSpec
    options: Mapping[str, Any]
    automatic: bool = False

    @property
    def candidates(self) -> tuple[Estimator, ...]:
        """The candidates for SLOPE, from the least bias to the least variance; only itself if there is nothing to choose."""
        if not self.automatic:
            return (self,)
        given = ({**self.options, self.spec.tuned: value} for value in self.spec.candidates)
        return tuple(replace(self, options=options, automatic=False) for options in given)

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the arrays that it takes, which are fields of the rounds."""
        return tuple(each.name for each in _parameters(self.spec) if each.kind is not each.KEYWORD_ONLY)

    def terms(self, rounds: Rounds) -> Terms:
        """The terms of rounds, with the estimator's options.

        Args:
            rounds: rounds of its kind.

        Raises:
            ValueError: the rounds are of another kind or lack an array, or SLOPE has not yet chosen the option.
        """
        if rounds.kind != self.spec.kind:
            raise ValueError(f"{self.spec.name} is an estimator of {self.spec.kind}: expected such rounds, got {rounds.kind}")
        if self.automatic:
            raise ValueError(f"{self.text} chooses {self.spec.tuned} from the whole log: give a number, or use policy_values")
        return self.spec.function(**rounds.given(self.needs, self.spec.name), **self.options)


@cache
def options_for(name: str) -> dict[str, Option]:
    """The options of an estimator by name.

    Args:
        name: the name of the estimator.

    Raises:
        ValueError: there is no such estimator.
    """
    spec = choose_named("estimator", name, ESTIMATORS)
    return options_of(spec.function, [each.name for each in _parameters(spec) if each.kind is not each.KEYWORD_ONLY])


def make_estimator(text: str | Estimator) -> Estimator:
    """Make an estimator from its text: a name, with options after a colon.

    Args:
        text: a text such as `dr`, `ipw:clip=100` or `switch-dr:threshold=auto`; an `Estimator` is returned unchanged. SLOPE
            chooses the option if it is `auto`, or if it has no default and is not given.

    Raises:
        ValueError: there is no such estimator or option, or a value is of another type or out of its range.
    """
    if isinstance(text, Estimator):
        return text
    name, written = split_options(text)
    spec = choose_named("estimator", name, ESTIMATORS)
    kind, known = f"estimator {spec.name!r}", options_for(spec.name)
    given = terms(written)
    for term in given:
        choose(f"option of {kind}", term.key, known)
        if [each.key for each in given].count(term.key) > 1:
            raise ValueError(f"{kind}: the option {term.key!r} is given twice: give it once")
    left = [str(term) for term in given if (term.key, term.value) != (spec.tuned, AUTO)]
    options = read_options(kind, ",".join(left), known)
    check_values(spec.function, options)
    open_ = spec.tuned and spec.tuned not in options and known[spec.tuned].default is REQUIRED
    return Estimator(text.strip(), spec, options, bool(len(left) < len(given) or open_))


@cache
def _parameters(spec: EstimatorSpec) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(spec.function).parameters.values())
