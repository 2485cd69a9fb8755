"""The cases of `slategym.sim`: worlds, simulations, shoppers, draws, catalogues, and what these are made of."""

import copy
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
from tests.fuzz.case import Case, Subject, defined
from tests.fuzz.hostile import Indices, Opaque, delayed, mask, numbers, rows

from slategym.sim.candidates import fill_candidates
from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.objectives import OBJECTIVES
from slategym.sim.selection import top_k
from slategym.sim.simulation import Simulation
from slategym.sim.slate import check_slate
from slategym.sim.user_models.behaviours import Behaviour
from slategym.sim.user_models.black_box import BlackBox
from slategym.sim.user_models.history import remember
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel

N, M, K, G, C, VISITS = 6, 30, 3, 5, 8, 6
OPTIONS = {"items": M, "categories": G, "slate_size": K, "visits": VISITS, "titles": True}
RANDOM = np.random.default_rng(0)
SLATE = RANDOM.permuted(np.tile(np.arange(M), (N, 1)), axis=1)[:, :K].copy()
POSITIONS = RANDOM.permuted(np.tile(np.arange(C), (N, 1)), axis=1)[:, :K].copy()
ALL = tuple(OBJECTIVES)


class Sealed(BlackBox):
    """Shoppers of whom only the clicks are told."""

    replicates, probes = 2, 1

    def clicks(self, shoppers: Any, catalog: Any, slate: Any, draws: Any) -> np.ndarray:
        return draws.uniform(0, slate) < 0.3


class Watching(ShopModel):
    """The shoppers of the shop, who look at what they are shown, like some of it, and keep some of it."""

    behaviours = (
        Behaviour("minutes", "minutes", "how long it is looked at", "impression", is_amount=True, highest=5),
        Behaviour("like", "likes", "whether it is liked"),
        Behaviour("keep", "items", "whether it is kept", "conversion"),
    )

    def behaviour(self, name: str, shoppers: Any, catalog: Any, slate: Any) -> Any:
        probability = self.attraction(shoppers, catalog, catalog.check(slate, len(shoppers)))
        return 5 * probability if name == "minutes" else probability


@lru_cache
def world(candidates: int | None = None, objectives: tuple[str, ...] = ("click", "conversion"), name: str = "Shop-v0") -> World:
    options = OPTIONS if name == "Shop-v0" else {}
    return make_world(name, **options, candidates=candidates, objectives=objectives)


def moved(subject: World) -> Simulation:
    """A simulation that has seen some visits."""
    simulation = Simulation(subject, 0, N)
    for _ in range(2):
        simulation.step(np.tile(np.arange(subject.slate_size), (N, 1)))
    return simulation


def state_of(simulation: Simulation) -> tuple[Any, ...]:
    return simulation.shoppers, simulation.steps, simulation._pending


def arrived() -> DelayedConversions:
    """Two delayed conversions."""
    number = partial(np.array, dtype=np.int64)
    return DelayedConversions(number([0, 2]), number([1, 2]), number([0, 1]), number([3, 4]), np.array([1, 2], np.float32))


def of(name: str, call: Any, arguments: dict[str, Any], kinds: dict[str, Any], **options: Any) -> Case:
    """A case without state."""
    return Case(name, lambda: Subject(call, {**arguments}), kinds, **options)


def cases() -> Iterator[Case]:
    yield from _worlds()
    yield from _simulations()
    yield from _parts()


def _worlds() -> Iterator[Case]:
    for candidates in (None, C):
        subject = world(candidates, ("click", "conversion", "profit"))
        shoppers = moved(subject).shoppers
        slate, below = (SLATE, M) if candidates is None else (POSITIONS, C)
        label = "" if candidates is None else "candidates"
        exact = Indices(below, (True, True))
        for method in ("probabilities", "expected"):
            arguments = {"shoppers": shoppers, "slate": slate}
            yield of(
                defined(World, method), getattr(subject, method), arguments, {"slate": exact, "shoppers": _strangers}, of=label
            )
        yield of(
            defined(World, "items"),
            subject.items,
            {"shoppers": shoppers, "slate": slate},
            {"slate": Indices(below, (True, False))},
            of=label,
        )
        yield of(defined(World, "check_slate"), subject.check_slate, {"slate": slate, "shoppers": N}, {"slate": exact}, of=label)
        for method in ("best_slate", "bound"):
            arguments = {"shoppers": shoppers, "weights": (1, 10, 1)}
            yield of(defined(World, method), getattr(subject, method), arguments, {"shoppers": _strangers}, of=label)
        for method in ("observe", "candidates_of"):
            yield of(defined(World, method), getattr(subject, method), {"shoppers": shoppers}, {"shoppers": _strangers}, of=label)
    observation = subject.observe(shoppers)
    yield of(
        defined(World, "write_candidates"),
        subject.write_candidates,
        {"shoppers": shoppers, "observation": observation},
        {"observation": _to_write(observation)},
    )
    plain = world()
    identity = np.arange(N)
    yield of(
        defined(World, "shoppers"),
        lambda identity: plain.shoppers(0, identity),
        {"identity": identity},
        {"identity": Indices(2**63, (False,))},
    )
    parts = {"name": "W", "catalog": plain.catalog, "user_model": plain.user_model, "slate_size": K, "visits": VISITS}
    yield of(defined(World, "__init__"), World, {**parts, "candidates": C}, {"candidates": _counts})
    yield of(
        "slategym.sim.worlds.make_world", partial(make_world, "Shop-v0", **OPTIONS), {"candidates": C}, {"candidates": _counts}
    )


def _counts(good: int) -> Iterator[tuple[str, bool, Any]]:
    for value in (-1, 0, K - 1, M + 1, 2**40, 2**70, True, 2.0, float("nan"), "8", np.array([8]), [8], Opaque()):
        yield f"a count of {value!r}"[:40], False, value
    yield "int64", True, np.int64(good)


def _strangers(good: Any) -> Iterator[tuple[str, bool, Any]]:
    """Shoppers of other worlds, and what are no shoppers."""
    for label, options in (
        ("wider history", {"categories": 40}),
        ("narrower history", {"categories": 2}),
        ("another taste", {"dimensions": 3} if "dimensions" in _options() else {"categories": 90}),
    ):
        other = make_world("Shop-v0", **{**OPTIONS, "items": 120, **options})
        yield label, False, Simulation(other, 0, len(good)).shoppers
    yield "of a table", False, Simulation(world(name="OpenBandit-v0"), 0, len(good)).shoppers
    short = copy.copy(good)
    short.visit = good.visit[:2]
    yield "visits of fewer", False, short
    bare = good.take(np.arange(len(good)))
    bare.state["exposure"] = bare.state["exposure"][:, :1]
    yield "a narrow array", False, bare
    for label, value in (("None", None), ("numbers", np.arange(3)), ("text", "shoppers")):
        yield label, False, value
    yield "copied", True, good.take(np.arange(len(good)))


@lru_cache
def _options() -> tuple[str, ...]:
    import inspect

    from slategym.sim.worlds.shop.world import shop

    return tuple(inspect.signature(shop).parameters)


def _to_write(good: np.ndarray) -> Any:
    def variants(_: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
        for label, value in (
            ("one narrower", good[:, 1:].copy()),
            ("one wider", np.concatenate([good, good], axis=1)),
            ("one row less", good[1:].copy()),
            ("one row more", np.concatenate([good, good])),
            ("a dimension less", good[0].copy()),
            ("whole numbers", good.astype(np.int64)),
            ("objects", good.astype(object)),
            ("text", "observation"),
            ("read-only", _frozen(good)),
        ):
            yield label, False, value
        yield "as it is", True, good.copy()

    return variants


def _frozen(array: np.ndarray) -> np.ndarray:
    frozen = array.copy()
    frozen.flags.writeable = False
    return frozen


def _simulations() -> Iterator[Case]:
    for candidates in (None, C):
        subject = world(candidates)
        slate, below = (SLATE, M) if candidates is None else (POSITIONS, C)
        label = "" if candidates is None else "candidates"
        for method in ("show", "step"):

            def make(method: str = method, subject: World = subject, slate: np.ndarray = slate) -> Subject:
                simulation = moved(subject)
                return Subject(getattr(simulation, method), {"slate": slate}, lambda: state_of(simulation))

            yield Case(defined(Simulation, method), make, {"slate": Indices(below, (True, True))}, of=label)

    def restart() -> Subject:
        simulation = moved(world())
        arguments = {"rows": np.arange(N) % 2 == 0, "observation": simulation.observe()}
        return Subject(simulation.restart, arguments, lambda: state_of(simulation))

    yield Case(defined(Simulation, "restart"), restart, {"rows": mask(N), "observation": _to_write(moved(world()).observe())})
    yield of(
        defined(Simulation, "__init__"),
        lambda rows: Simulation(world(), 0, rows).observe(),
        {"rows": np.arange(N)},
        {"rows": _rows},
    )

    def replaced() -> Subject:
        simulation = moved(world())

        def put(shoppers: Any) -> Any:
            simulation.shoppers = shoppers
            return simulation.show(SLATE)

        return Subject(put, {"shoppers": moved(world()).shoppers}, lambda: state_of(simulation))

    yield Case("slategym.sim.simulation.Simulation.shoppers", replaced, {"shoppers": _strangers})

    def shoppers(method: str) -> Subject:
        some = moved(world()).shoppers
        arguments: dict[str, Any] = {"rows": np.array([1, 3])}
        if method == "put":
            arguments["others"] = moved(world()).shoppers.take(np.array([0, 2]))
        return Subject(getattr(some, method), arguments, lambda: (some,))

    for method in ("take", "put"):
        from slategym.sim.shoppers import Shoppers

        yield Case(defined(Shoppers, method), partial(shoppers, method), {"rows": rows(N)})
    yield of(
        defined(Shoppers, "__init__"),
        lambda identity: Shoppers(identity, np.zeros(N, np.int64), {}, {"exposure": np.zeros((N, G))}),
        {"identity": np.arange(N)},
        {"identity": _lengths},
    )


def _rows(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    """Row numbers; a whole number says how many."""
    for label, legal, value in Indices(2**32, (False,))(good):
        if label != "0-d":
            yield label, legal, value
    yield "no rows", False, np.zeros(0, np.int64)
    yield "a count of 0", False, 0
    yield "a count of 2**40", False, 2**40
    yield "a count of -1", False, -1
    yield "a count of True", False, True
    yield "how many", True, N


def _lengths(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    yield "one less", False, good[1:]
    yield "one more", False, np.arange(len(good) + 1)
    yield "empty", False, good[:0]


def _parts() -> Iterator[Case]:
    draws = Draws(0, np.arange(N), np.zeros(N, np.int64))
    for method in ("pair", "uniform"):
        yield of(defined(Draws, method), partial(getattr(draws, method), 4), {"item": SLATE}, {"item": _draw_items})
    yield of(defined(Draws, "normal"), lambda item: draws.normal(4, item=item), {"item": SLATE}, {"item": _draw_items})
    yield of(defined(Draws, "take"), lambda rows: draws.take(rows).uniform(3), {"rows": np.array([1, 3])}, {"rows": rows(N)})
    yield of(
        defined(Draws, "__init__"),
        lambda identity: Draws(0, identity, np.zeros(N, np.int64)).uniform(3),
        {"identity": np.arange(N)},
        {"identity": _lengths},
    )

    def fill(positions: Any, identity: Any) -> np.ndarray:
        out = np.empty((N, K), np.int64)
        fill_candidates(0, identity, np.zeros(N, np.int64), positions, M, C, out)
        return out

    yield of(
        "slategym.sim.candidates.fill_candidates",
        fill,
        {"positions": POSITIONS, "identity": np.arange(N)},
        {"positions": Indices(C, (True, True)), "identity": _lengths},
    )
    catalog = world().catalog
    fields = {name: getattr(catalog, name) for name in ("features", "taste", "price", "margin", "quality", "appeal")}
    yield of(defined(Catalog, "__init__"), partial(Catalog, **fields), {"category": catalog.category}, {"category": _categories})
    named = Catalog(**fields, category=catalog.category, names=tuple(f"item {number}" for number in range(M)))
    yield of(defined(Catalog, "name"), named.name, {"item": np.int64(3)}, {"item": Indices(M, ())})
    if hasattr(Catalog, "check"):
        yield of(
            defined(Catalog, "check"),
            catalog.check,
            {"items": SLATE, "rows": N},
            {"items": or_none(Indices(M, (True, False)))},
            beside=("rows",),
        )
        from slategym.sim.feedback import check_delayed
        from slategym.sim.slate import check_items
        from slategym.utils.arrays import check_rows

        yield of("slategym.utils.arrays.check_rows", partial(check_rows, count=N), {"rows": np.array([1, 3])}, {"rows": rows(N)})
        yield of(
            "slategym.sim.slate.check_items",
            partial(check_items, size=M),
            {"items": SLATE},
            {"items": Indices(M, (False, False))},
        )
        yield of(
            "slategym.sim.feedback.check_delayed",
            partial(check_delayed, rows=N, slate_size=K, items=M, longest_delay=7),
            {"delayed": arrived()},
            {"delayed": delayed(N, K, M, 7)},
        )
    yield of(
        "slategym.sim.slate.check_slate",
        partial(check_slate, shoppers=N, slate_size=K, items=M),
        {"slate": SLATE},
        {"slate": Indices(M, (True, True))},
    )
    # It does not know how many items there are, or how long a conversion can be delayed.
    kind = _without(delayed(N, K, 2**62, 2**61), "age: the size", "age: 2**40 times the size", "item: the size", "None")
    call = partial(Feedback.of, np.ones((N, K), np.bool_))
    yield of(defined(Feedback, "of"), call, {"delayed": arrived()}, {"delayed": kind})
    scores = RANDOM.normal(size=(N, M)).astype(np.float32)
    yield of("slategym.sim.selection.top_k", partial(top_k, count=K), {"scores": scores}, {"scores": _scores})

    def remembered() -> Subject:
        some = moved(world()).shoppers
        nothing = np.zeros((N, K), np.bool_)
        arguments = {"slate": SLATE, "clicks": nothing, "converted": nothing, "delay": np.zeros((N, K), np.int64)}
        return Subject(partial(remember, some, catalog), arguments, lambda: (some,))

    yield Case("slategym.sim.user_models.history.remember", remembered, {"slate": Indices(M, (True, False))}, beside=("delay",))


def or_none(kind: Indices) -> Any:
    def variants(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
        return ((label, legal, value) for label, legal, value in kind(good) if label != "None")

    return variants


def _categories(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    for label, legal, value in Indices(2**24, (True,))(good):
        if label not in ("dtype float64", "dtype float32"):  # whole ones pass
            yield label, legal, value


def _draw_items(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    for label, legal, value in Indices(2**32, (True, False))(good):
        if label not in ("a dimension more", "0-d"):  # one row for all, one number for all
            yield label, legal, value


def _without(kind: Any, *labels: str) -> Any:
    """Without some."""

    def variants(good: Any) -> Iterator[tuple[str, bool, Any]]:
        return ((label, legal, value) for label, legal, value in kind(good) if label not in labels)

    return variants


def _scores(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
    for label, legal, value in numbers()(good):
        if "infinity" not in label and "one " not in label:
            yield label, legal, value


def but_shapes(kind: Any) -> Any:
    """Items of any shape."""

    def variants(good: np.ndarray) -> Iterator[tuple[str, bool, Any]]:
        for label, legal, value in kind(good):
            if not any(word in label for word in ("along", "dimension", "0-d", "ragged")):
                yield label, legal, value

    return variants
