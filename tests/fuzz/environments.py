"""The cases of `slategym.envs`: steps of every environment, and other forms of action."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from tests.fuzz.case import Case, Subject, defined
from tests.fuzz.hostile import Indices, mask, numbers
from tests.fuzz.shop import OPTIONS, POSITIONS, RANDOM, SLATE, C, K, M, N, moved, of, or_none, world

from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.rendering.scene import Scenes
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction, DiscreteForm, DiscreteVectorAction
from slategym.envs.wrappers.query import QueryAction, QueryForm, QueryVectorAction, matching_items, query_slate
from slategym.envs.wrappers.score import ScoreAction, ScoreForm, ScoreVectorAction

Kind = Any
FORMS = (
    ("query", QueryAction, QueryVectorAction),
    ("score", ScoreAction, ScoreVectorAction),
    ("discrete", DiscreteAction, DiscreteVectorAction),
)


def cases() -> Iterator[Case]:
    for candidates in (None, C):
        label = "" if candidates is None else "candidates"
        slate, below = (SLATE, M) if candidates is None else (POSITIONS, C)
        for kind in (SlateVectorEnv, MOSlateVectorEnv):
            for method in ("step", "show"):
                make = partial(_begun, kind, candidates, method, "actions", slate)
                yield Case(
                    defined(kind, method), make, {"actions": Indices(below, (True, True))}, of=f"{kind.__name__} {label}".strip()
                )
        for kind in (SlateEnv, MOSlateEnv):
            make = partial(_begun, kind, candidates, "step", "action", slate[0])
            yield Case(defined(kind, "step"), make, {"action": Indices(below, (True,))}, of=f"{kind.__name__} {label}".strip())
        make = partial(_begun, SB3VecEnv, candidates, "step_async", "actions", slate)
        yield Case(defined(SB3VecEnv, "step_async"), make, {"actions": Indices(below, (True, True))}, of=label)
        yield from _forms(candidates, label)
    for kind in (SlateVectorEnv, MOSlateVectorEnv):
        feedback = moved(world()).show(SLATE)
        env = _env(kind, None)
        yield of(defined(kind, "reward"), env.reward, {"feedback": feedback}, {"feedback": _objectives}, of=kind.__name__)
        make = partial(_begun, kind, None, "begin", "rows", np.arange(N) % 2 == 0)
        yield Case(defined(kind, "begin"), make, {"rows": mask(N)}, of=kind.__name__)

    def scenes(method: str) -> Subject:
        simulation = moved(world())
        rows = Scenes(world(), N)
        arguments = {"rows": np.arange(N) % 2 == 0} if method == "reset" else {"simulation": simulation, "slates": SLATE}
        return Subject(getattr(rows, method), arguments, lambda: (rows,))

    yield Case(defined(Scenes, "reset"), partial(scenes, "reset"), {"rows": mask(N)})
    yield Case(defined(Scenes, "about_to_show"), partial(scenes, "about_to_show"), {"slates": Indices(M, (True, True))})


def _env(kind: type, candidates: int | None) -> Any:
    options = {**OPTIONS, "candidates": candidates}
    if kind is SB3VecEnv:
        env = SB3VecEnv(SlateVectorEnv("Shop-v0", N, **options))
        env.seed(0)
        env.reset()
        return env
    env = kind("Shop-v0", **({"num_envs": N} if issubclass(kind, SlateVectorEnv) else {}), **options)
    env.reset(seed=0)
    return env


def _begun(kind: type, candidates: int | None, method: str, argument: str, good: Any) -> Subject:
    env = _env(kind, candidates)
    inner = env.env if kind is SB3VecEnv else env

    def state() -> tuple[Any, ...]:
        simulation = inner.unwrapped.simulation
        return simulation.shoppers, simulation.steps, simulation._pending

    def stepped(actions: Any) -> Any:
        env.step_async(actions)
        return env.step_wait()

    return Subject(stepped if kind is SB3VecEnv else getattr(env, method), {argument: good}, state)


def _objectives(good: Any) -> Iterator[tuple[str, bool, Any]]:
    from dataclasses import replace

    array = good.objectives
    for label, value in (
        ("one narrower", array[:, 1:]),
        ("one wider", np.concatenate([array, array], axis=1)),
        ("more rows", np.tile(array, (50, 1))),
        ("one row", array[:1]),
        ("no rows", array[:0]),
        ("a dimension less", array[0]),
        ("objects", array.astype(object)),
        ("text", array.astype(str)),
        ("None", None),
    ):
        yield label, False, replace(good, objectives=value)
    yield "strided", True, replace(good, objectives=np.repeat(array, 2, axis=1)[:, ::2])


def _forms(candidates: int | None, label: str) -> Iterator[Case]:
    place = world(candidates)
    offered = None if candidates is None else place.candidates_of(moved(place).shoppers)
    features = place.catalog.features
    wide = {"query": features.shape[1], "score": place.choices}
    for name, single, vector in FORMS:
        if name == "discrete":
            good: Any = np.arange(N)
            kind: Kind = Indices(64, (True,), lists=False)
            alone: Kind = Indices(64, (), lists=False)
        else:
            good = RANDOM.uniform(-1, 1, (N, wide[name])).astype(np.float32)
            kind, alone = numbers(), _rows_of(numbers())
        yield Case(
            defined(vector, "actions"),
            partial(_around, vector, candidates, "actions", good),
            {"actions": _but_rows(kind)},
            of=f"{name} {label}".strip(),
        )
        yield Case(
            defined(single, "action"),
            partial(_around, single, candidates, "action", good[0]),
            {"action": alone},
            of=f"{name} {label}".strip(),
        )
        make_form: Callable[..., Any] = {"query": QueryForm, "score": ScoreForm, "discrete": DiscreteForm}[name]
        form = make_form(place)
        kinds = {"actions": _but_rows(kind)}
        if offered is not None and name != "score":  # which scores positions, whatever stands there
            kinds["candidates"] = or_none(Indices(M, (True, False)))
        arguments = {"actions": good, "candidates": offered}
        yield of(defined(form, "slates"), form.slates, arguments, kinds, of=label, beside=("candidates",))
    query = RANDOM.uniform(-1, 1, (N, features.shape[1])).astype(np.float32)
    arguments = {"query": query, "candidates": offered}
    kinds = {"query": numbers()} | ({} if offered is None else {"candidates": or_none(Indices(M, (True, False)))})
    yield of(
        "slategym.envs.wrappers.query.query_slate",
        partial(query_slate, place),
        arguments,
        kinds,
        of=label,
        beside=("candidates",),
    )
    yield of(
        "slategym.envs.wrappers.query.matching_items",
        partial(matching_items, features, count=K),
        arguments,
        kinds,
        of=label,
        beside=("candidates",),
    )
    given = (SLATE if candidates is None else POSITIONS)[:4]
    kinds = {"slates": _sets(M if candidates is None else C)}
    for kind, env in ((DiscreteAction, SlateEnv), (DiscreteVectorAction, SlateVectorEnv)):
        yield of(
            defined(kind, "__init__"),
            lambda slates, kind=kind, env=env: _slates_of(kind(_env(env, candidates), slates)),
            {"slates": given},
            kinds,
            of=label,
        )
    yield of(
        defined(DiscreteForm, "__init__"), lambda slates: DiscreteForm(place, slates).given, {"slates": given}, kinds, of=label
    )


def _slates_of(env: Any) -> Any:
    return env.form.given


def _sets(below: int) -> Kind:
    def variants(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
        for label, legal, value in Indices(below, (False, True))(good):
            if label not in ("None", "0-d"):  # 64 of our own; so many of our own
                yield label, legal, value
        yield "no slates", False, good[:0]
        yield "0 slates", False, 0
        yield "-1 slates", False, -1
        yield "True", False, True
        yield "a number with a fraction", False, 2.5

    return variants


def _rows_of(kind: Kind) -> Kind:
    """The same for one row."""

    def variants(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
        for label, legal, value in kind(good[None]):
            if isinstance(value, np.ndarray) and value.ndim == 2:
                yield label, legal, value[0]

    return variants


def _but_rows(kind: Kind) -> Kind:
    """Forms of action do not know how many shoppers there are: the simulation looks at the rows."""

    def variants(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
        for label, legal, value in kind(good):
            if "along 0" not in label:
                yield label, legal, value

    return variants


def _around(wrapper: type, candidates: int | None, method: str, good: Any) -> Subject:
    inner = SlateVectorEnv if method == "actions" else SlateEnv
    env = wrapper(_env(inner, candidates))
    return Subject(getattr(env, method), {"actions" if method == "actions" else "action": good})
