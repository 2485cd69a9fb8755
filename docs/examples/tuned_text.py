"""Vectors of titles, frozen and fine-tuned on a log of random slates from before the launch: what an agent makes of them.

`python tuned_text.py --slates 240000 --shoppers 1000 --seeds 8 --encoder minilm`
"""

import argparse

import numpy as np
from new_items import arguments, compare, measure, shop

from slategym.agents import Impressions, tuned_vectors
from slategym.sim import Simulation, World, encoded, make_encoder, with_features

SIZE = 16


def log(world: World, slates: int, shoppers: int, seed: int) -> Impressions:
    """Answers to random slates of the items that are there."""
    simulation, random = Simulation(world, seed, shoppers), np.random.default_rng(seed)
    context, ranks = world.layout["context"], np.arange(world.slate_size)
    parts = []
    for _ in range(slates // shoppers):
        seen = simulation.observe()[:, context]
        slate = np.argsort(random.random((shoppers, world.launched)), axis=1)[:, : world.slate_size]
        feedback = simulation.show(slate)
        simulation.restart(feedback.terminated | feedback.truncated)
        rank = np.broadcast_to(ranks, slate.shape)
        flat = [each.ravel() for each in (slate, rank, feedback.clicks, feedback.conversions)]
        parts.append((np.repeat(seen, world.slate_size, axis=0), *flat))
    return Impressions(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--encoder", default="hashing")
    given = arguments(parser)
    world = shop("price", given.launch)
    vectors = encoded(make_encoder(given.encoder), world.catalog.texts)

    def frozen(seed: int) -> tuple[float, ...]:
        return measured(with_features(world, "text", vectors, SIZE), seed)

    def tuned(seed: int) -> tuple[float, ...]:
        found = tuned_vectors(vectors, log(world, given.slates // 2, given.shoppers, 1000 + seed), size=SIZE, seed=seed)
        return measured(with_features(world, "text", found), seed)

    def measured(told: World, seed: int) -> tuple[float, ...]:
        return measure(told, given.agent, given.slates, given.shoppers, seed)

    compare({"price+frozen": frozen, "price+tuned": tuned}, given.seeds)


if __name__ == "__main__":
    main()
