"""SARDINE's worlds by name: one item or slates of ten; static, boring, influenced and uncertain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.objectives import make_objectives
from slategym.sim.streams import Stream
from slategym.sim.world import World
from slategym.sim.worlds.sardine.model import SardineModel
from slategym.sim.worlds.sardine.parameters import ITEM_TOPICS, MEMORY
from slategym.utils.checked import checked
from slategym.utils.ranges import ItemCount, Range, Seed, SlateSize, VisitCount

Topics = Annotated[int, Range(3, 100)]
BORING = 5  # clicks on a topic that cause boredom
DOCUMENTATION = """{name}: {summary}

    What it models:
        Items have 2 or 3 of 10 topics, each with a weight uniform on [0, 1], scaled to length one; the strongest is their main
        topic. Users u have weights on 3 to 5 topics, scaled to length one. Relevance is the logistic function of
        {slope:g} (<u, item> - 0.65), and the item at rank r is clicked with probability relevance x 0.85^r. {changes}
    Action:
        A slate of {slate}.
    Observation:
        The clicks of the last five steps (ten are remembered) by topic, as a share of the boredom threshold; the decayed history,
        and the clock. Interests are hidden. Before the first visit the user has answered a random slate (`history_days=1`).
    Reward:
        The number of clicks.
    End:
        Truncated after 100 slates.
    Source:
        Deffayet et al., "SARDINE: a simulator for automated recommendation in dynamic and interactive environments", ACM
        Transactions on Recommender Systems 2, 2024; {original}.
    Faults of the original:
        {fault} An item that a slate repeats can be clicked once, at its first rank; in the original at each of its ranks.
    Version history:
        v0: initial version.

    Args:
        items: m, the number of items in the catalogue.
        topics: the number of topics of items and users.
        slate_size: k, the number of items shown at once.
        visits: the number of slates of a user.
        catalog_seed: seed of the catalogue.
        embeddings: a NumPy file with the items' vectors (m, topics), such as the original's; replaces the drawn ones.
        variant: "code" computes like the original code, "paper" without its fault.

    Raises:
        ValueError: the file holds no vectors of items, or options that contradict it were given.
    """
CHANGES = {
    "Static": "Nothing changes.",
    "Bored": """A user who clicked five items of one main topic in the last five steps is
        bored for five steps, in which all of their interests count as 0. The oracle, which considers single visits, is therefore
        not an upper limit: slates that avoid boredom earn more over a session.""",
    "Influenced": """After clicks interests become 0.95 u + 0.05 times the mean of the clicked items, scaled to length one.""",
}
FAULTS = {
    False: "None that changes its numbers; both variants are the same.",
    True: """With `variant="code"` the mean of the clicked items is also taken over topics, so that every click moves interests
        towards all topics equally. With `variant="paper"` it is the mean item.""",
}


def item_vectors(items: int, topics: int, seed: int) -> NDArray[np.float64]:
    """(m, topics) the items' vectors: weights uniform on [0, 1] for two or three topics, scaled to length one.

    Args:
        items: m.
        topics: the number of topics.
        seed: the seed of the catalogue.
    """
    number = np.arange(items, dtype=np.int64)
    draws = Draws(seed, number, np.zeros_like(number))
    each = np.broadcast_to(np.arange(topics), (items, topics))
    least, most = ITEM_TOPICS
    count = least + (draws.uniform(Stream.CUSTOM) * (most - least + 1)).astype(np.int64)
    order = np.argsort(np.argsort(draws.uniform(Stream.CUSTOM + 1, each), axis=1), axis=1)
    weights = draws.uniform(Stream.CUSTOM + 2, each) * (order < count[:, None])
    return np.asarray(weights / np.sqrt((weights**2).sum(axis=1, keepdims=True)))


def _read_vectors(path: str) -> NDArray[np.float64]:
    try:
        vectors = np.asarray(np.load(Path(path), allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"embeddings is {path!r}: expected a file of floats written by numpy.save ({error})") from error
    if vectors.ndim != 2 or not 3 <= vectors.shape[1] <= 100 or vectors.dtype.kind != "f":
        raise ValueError(f"{path} holds {vectors.dtype} {vectors.shape}: expected floats (items, topics) of 3 to 100 topics")
    if not np.isfinite(vectors).all() or (largest := np.sqrt((vectors**2).sum(axis=1)).max()) == 0:
        raise ValueError(f"{path} holds vectors that are not finite, or all 0: expected vectors of items")
    return np.asarray(vectors / largest, np.float64)


def _maker(
    name: str, original: str, summary: str, slate_size: int, slope: float, bores: bool, omega: float
) -> Callable[..., World]:
    """Return the function that makes one of SARDINE's worlds."""
    most = slate_size

    @checked
    def make(
        *,
        items: ItemCount = 1000,
        topics: Topics = 10,
        slate_size: SlateSize = most,
        visits: VisitCount = 100,
        catalog_seed: Seed = 0,
        embeddings: str | None = None,
        variant: Literal["code", "paper"] = "code",
    ) -> World:
        if embeddings is None:
            vectors = item_vectors(items, topics, catalog_seed)
        else:
            made = {"items": (items, 1000), "topics": (topics, 10), "catalog_seed": (catalog_seed, 0)}
            for option, (value, default) in made.items():
                if value != default:
                    raise ValueError(
                        f"{option} is {value} and embeddings {embeddings!r}: omit {option}, which the file determines"
                    )
            vectors = _read_vectors(embeddings)
        threshold = BORING if bores else MEMORY + 1  # more clicks than are remembered, so never reached
        model = SardineModel(slope, threshold, omega, mean_over_topics=variant == "code")
        catalog = Catalog.of(vectors, vectors.argmax(axis=1), taste=vectors)
        return World(name, catalog, model, slate_size, visits, None, make_objectives("click"), history_days=1)

    changes = [CHANGES["Bored"]] if bores else []
    changes += [CHANGES["Influenced"]] if omega < 1 else []
    make.__name__ = make.__qualname__ = name
    make.__doc__ = DOCUMENTATION.format(
        name=name,
        summary=summary,
        slope=slope,
        changes=" ".join(changes or [CHANGES["Static"]]),
        slate="one item" if slate_size == 1 else f"{slate_size} items, best first",
        original=original,
        fault=FAULTS[omega < 1],
    )
    return make


def _makers() -> Iterator[Callable[..., World]]:
    for form, size, words in (("SingleItem", 1, "one item at a time"), ("SlateTopK", 10, "slates of ten items")):
        theirs = f"its `sardine/{form}-{{}}-v0`"
        uncertain_bores = size > 1
        yield _maker(
            f"Sardine{form}Static-v0",
            theirs.format("Static") if size == 1 else "no environment of this name in the original",
            f"{words} for users who do not change.",
            size,
            100.0,
            False,
            1.0,
        )
        yield _maker(
            f"Sardine{form}Bored-v0",
            theirs.format("Bored") if size > 1 else "no environment of this name in the original",
            f"{words} for users who become bored with a topic.",
            size,
            100.0,
            True,
            1.0,
        )
        yield _maker(
            f"Sardine{form}BoredInfluenced-v0",
            theirs.format("BoredInf"),
            f"{words} for users who become bored with a topic, and whom clicks influence.",
            size,
            100.0,
            True,
            0.95,
        )
        yield _maker(
            f"Sardine{form}Uncertain-v0",
            theirs.format("Uncertain"),
            f"{words} for users whose clicks say little about their interests.",
            size,
            10.0,
            uncertain_bores,
            0.95 if uncertain_bores else 1.0,
        )


SARDINE_WORLDS = {make.__name__: make for make in _makers()}
