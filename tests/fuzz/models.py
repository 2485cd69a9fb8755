"""The parts of a world: user models, objectives, click models."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from tests.fuzz.case import Case, Subject, defined
from tests.fuzz.hostile import Indices
from tests.fuzz.shop import ALL, OPTIONS, RANDOM, SLATE, G, K, M, N, Sealed, Watching, but_shapes, moved, of, or_none, world

from slategym.sim.click_models import CLICK_MODELS, DependentClick, make_click_model
from slategym.sim.draws import Draws
from slategym.sim.objectives import OBJECTIVES, custom
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.base import UserModel, match, of_category
from slategym.sim.user_models.text_shopper import TextShopper
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.titles import shop_persona


def cases() -> Iterator[Case]:
    yield from _user_models()
    yield from _objectives()
    yield from _click_models()


def _user_models() -> Iterator[Case]:
    for name, model in (
        ("Shop-v0", ShopModel()),
        ("Shop-v0", UserModel()),
        ("Shop-v0", Sealed()),
        ("Shop-v0", TextShopper(ShopModel(), persona=shop_persona)),
        ("DeepShop-v0", None),
        ("Hillstrom-v0", None),
        ("OpenBandit-v0", None),
        ("Fitted-v0", None),
        ("RecSimInterestEvolution-v0", None),
        ("RecSimInterestExploration-v0", None),
        ("RecSimLongTermSatisfaction-v0", None),
        ("RecoGym-v1", None),
        ("SardineSlateTopKBoredInfluenced-v0", None),
        ("KuaiSimLike-v0", None),
    ):
        place = replace(world(name=name), candidates=None)
        model = place.user_model if model is None else model
        reads = isinstance(model, TextShopper)
        place = replace(place, user_model=model) if reads else place
        catalog, label = place.catalog, type(model).__name__
        shoppers, k = Simulation(place, 0, N).shoppers, place.slate_size
        slate = RANDOM.integers(0, catalog.size, (N, k))
        draws = Draws(0, shoppers.identity, shoppers.visit)
        answer = Simulation(place, 0, N).show(slate)
        kind = Indices(catalog.size, (True, False))
        for method, more in (
            ("attraction", {}),
            ("conversion", {}),
            ("spend", {"draws": draws}),
            ("mean_spend", {}),
            ("delay", {"draws": draws}),
            ("clicks", {"draws": draws}),
            ("click_probability", {}),
            *((each, {}) for each in ("attraction_of", "scores", "calibrated") if reads),
        ):
            arguments = {"slate": slate, **more}
            none = method in ("attraction", "conversion", "mean_spend")
            call = partial(getattr(model, method), shoppers, catalog)
            yield of(defined(model, method), call, arguments, {"slate": or_none(kind) if none else kind}, of=label)
        of_behaviours = [("behaviour", {}), ("amount", {"draws": draws})] if model.behaviours else []
        of_behaviours += [("log_engagement", {})] if hasattr(model, "log_engagement") else []
        for method, more in of_behaviours:
            call = getattr(model, method)
            call = partial(call, *([] if method == "log_engagement" else [model.behaviours[0].name]), shoppers, catalog)
            yield of(defined(model, method), call, {"slate": slate, **more}, {"slate": kind if more else or_none(kind)}, of=label)
        several = RANDOM.permuted(np.tile(np.arange(catalog.size), (N, 1)), axis=1)[:, : max(k, 3)].copy()
        for method, more in (("best_slate", {"slate_size": k}), ("bound", {"slate_size": k}), ("gains", {})):
            call = partial(getattr(model, method), shoppers, catalog, np.array([1.0, 10.0]), **more)
            yield of(defined(model, method), call, {"candidates": several}, {"candidates": or_none(kind)}, of=label)

        def evolve(
            model: Any = model, place: World = place, slate: Any = slate, answer: Any = answer, draws: Any = draws
        ) -> Subject:
            some = Simulation(place, 0, N).shoppers
            call = partial(model.evolve, some, place.catalog, feedback=answer, draws=draws)
            return Subject(call, {"slate": slate}, lambda: (some,))

        yield Case(defined(model, "evolve"), evolve, {"slate": kind}, of=label, beside=("feedback",))
    vectors = RANDOM.normal(size=(N, 4)), RANDOM.normal(size=(M, 4))
    yield of(
        "slategym.sim.user_models.base.match",
        partial(match, *vectors),
        {"slate": SLATE},
        {"slate": or_none(Indices(M, (True, False)))},
    )
    exposure = RANDOM.normal(size=(N, G))
    yield of(
        "slategym.sim.user_models.base.of_category",
        partial(of_category, exposure, world().catalog),
        {"slate": SLATE},
        {"slate": or_none(Indices(M, (True, False)))},
    )


def _objectives() -> Iterator[Case]:
    from slategym.sim.objectives.simulated import rehearse, rehearsed_means

    anything = custom("anything", lambda feedback, items: feedback.clicks.any(axis=1).astype(float))
    every = (*ALL, *(each.name for each in Watching.behaviours))
    place = make_world("Shop-v0", **OPTIONS, user_model=Watching(), objectives=every)
    simulation = moved(place)
    shoppers = simulation.shoppers.take(np.arange(N))
    answer = simulation.show(SLATE)
    chance = np.full((N, K), 0.1)
    converted = answer.conversions
    items = or_none(Indices(M, (True, False)))
    exact = Indices(M, (True, False))
    for objective in (*place.objectives, anything):
        label = objective.name
        before = objective.before(place, shoppers, SLATE)
        yield of(
            defined(objective, "before"),
            partial(objective.before, place, shoppers),
            {"items": SLATE},
            {"items": but_shapes(items)},
            of=label,
        )
        yield of(
            defined(objective, "reward"),
            partial(objective.reward, place, before, converted=converted),
            {"items": SLATE, "feedback": answer},
            {} if label == "diversity" else {"items": exact},  # which is known before
            of=label,
            beside=("feedback", "items"),
        )
        arguments = {"items": SLATE}
        yield of(
            defined(objective, "expected"),
            partial(objective.expected, place, shoppers, click=chance, conversion=chance),
            arguments,
            {"items": exact},
            of=label,
        )
        yield of(
            defined(objective, "values"),
            partial(objective.values, place, shoppers),
            arguments,
            {"items": but_shapes(items)},
            of=label,
        )
        yield of(
            defined(objective, "marginal"),
            partial(objective.marginal, place, shoppers),
            {"slate": SLATE, "rank": 1, "items": SLATE},
            {"slate": exact, "rank": Indices(K, ()), "items": items},
            of=label,
        )
        if hasattr(objective, "rehearsed"):
            yield of(
                defined(objective, "rehearsed"),
                partial(objective.rehearsed, place, feedback=answer, leaving=np.full(N, 0.1)),
                {"items": SLATE},
                {"items": exact},
                of=label,
                beside=("feedback",),
            )
        if hasattr(objective, "click_value"):
            yield of(
                defined(objective, "click_value"),
                partial(objective.click_value, place, shoppers),
                {"items": SLATE},
                {"items": but_shapes(items)},
                of=label,
            )
            yield of(
                defined(objective, "conversion_value"),
                lambda items, objective=objective: objective.conversion_value(place, items, 1.0),
                {"items": SLATE},
                {"items": but_shapes(items)},
                of=label,
            )
    diversity = OBJECTIVES["diversity"]
    yield of(defined(diversity, "of"), partial(diversity.of, place), {"items": SLATE}, {"items": Indices(M, (False, False))})
    yield of(
        "slategym.sim.objectives.simulated.rehearse",
        partial(rehearse, place, shoppers, replicate=0),
        {"items": SLATE},
        {"items": exact},
    )
    yield of(
        "slategym.sim.objectives.simulated.rehearsed_means",
        partial(rehearsed_means, [anything], place, shoppers),
        {"items": SLATE},
        {"items": exact},
    )


def _click_models() -> Iterator[Case]:
    from slategym.sim.click_models.cascade import best_cascade
    from slategym.sim.click_models.coordinate_ascent import coordinate_ascent

    attraction, gain = RANDOM.random((N, M)), RANDOM.random((N, M))
    shown = attraction[:, :K].copy()
    uniforms = {"item_uniforms": RANDOM.random((N, K)), "slate_uniforms": RANDOM.random(N)}
    choices = {name: make_click_model(name, K) for name in CLICK_MODELS} | {
        "dependent-click by rank": DependentClick((0.2, 0.5, 0.9))
    }
    for name, click_model in choices.items():
        yield of(
            defined(click_model, "click_probability"),
            click_model.click_probability,
            {"attraction": shown},
            {"attraction": _flat},
            of=name,
        )
        yield of(
            defined(click_model, "sample_clicks"),
            partial(click_model.sample_clicks, **uniforms),
            {"attraction": shown},
            {"attraction": _flat},
            of=name,
        )
        for method in ("best_slate", "bound"):
            call = partial(getattr(click_model, method), gain=gain, slate_size=K)
            kind = _slated if method == "best_slate" else _sized
            yield of(defined(click_model, method), call, {"attraction": attraction}, {"attraction": kind}, of=name)
        yield of(
            defined(click_model, "value_of"),
            partial(click_model.value_of, gain=gain),
            {"attraction": attraction, "slate": SLATE},
            {"attraction": _flat, "slate": Indices(M, (True, False))},
            of=name,
        )
        yield of(
            defined(click_model, "value"),
            partial(click_model.value, gain=gain[:, :K]),
            {"attraction": shown},
            {"attraction": _flat},
            of=name,
        )
    if hasattr(__import__("slategym.sim.click_models.base", fromlist=["x"]), "check_attraction"):
        from slategym.sim.click_models.base import check_attraction, check_gains

        yield of(
            "slategym.sim.click_models.base.check_attraction", check_attraction, {"attraction": shown}, {"attraction": _flat}
        )
        call = partial(check_gains, gain=gain, slate_size=K)
        yield of("slategym.sim.click_models.base.check_gains", call, {"attraction": attraction}, {"attraction": _sized})
    yield of(
        "slategym.sim.click_models.cascade.best_cascade",
        partial(best_cascade, gain=gain, slate_size=K),
        {"attraction": attraction},
        {"attraction": _slated},
    )
    yield of(
        "slategym.sim.click_models.coordinate_ascent.coordinate_ascent",
        lambda attraction, start: coordinate_ascent(make_click_model("user-browsing", K), attraction, gain, K, start),
        {"attraction": attraction, "start": SLATE},
        {"start": or_none(Indices(M, (True, True)))},
        beside=("attraction",),
    )


def _flat(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    """Attraction of another number of dimensions."""
    yield "a dimension less", False, good[0]
    yield "a dimension more", False, good[None]
    yield "0-d", False, good[0, 0]
    yield "strided", True, np.repeat(good, 2, axis=1)[:, ::2]


def _slated(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    """Attraction from which a slate is chosen."""
    yield "NaN", False, np.full_like(good, np.nan)
    yield from _sized(good)


def _sized(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    yield "a dimension less", False, good[0]
    yield "narrower than a slate", False, good[:, : K - 1]
    yield "strided", True, np.repeat(good, 2, axis=1)[:, ::2]
