"""A visit of SARDINE's users, compiled; the specification is `slategym.sim.worlds.sardine.model.SardineModel`."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.click_models import CLICK, MULTINOMIAL, POSITION_BASED, SLATE, click_by_click, first_shown
from slategym.sim.kernel.philox import block
from slategym.sim.user_models.visit import Stage

CONVERSION, EVOLUTION, LEAVING = int(Stage.CONVERSION), int(Stage.EVOLUTION), int(Stage.LEAVING)
FORGOTTEN = -1
# Kernels take their arrays in tuples, in this order:
# shoppers: identity, visit, interests, clicked topic, clicked ago, boredom, exposure and engagement;
# world: items (m, topics), their main topics (m,), the decay of the history, slope, offset, omega, boredom threshold, window,
#     whether the influence is also a mean over topics, whether boredom removes only the bored topics, and the number of visits;
# outcome: clicks, converted, objectives, revenue, terminated and truncated, as in `VisitOutcome`.


@nb.njit(cache=True, nogil=True, error_model="numpy")
def visit_sardine(
    stages: int, start: int, stop: int, seed: Any, slate: Any, shoppers: Any, world: Any, clicking: Any, outcome: Any
) -> None:
    """Simulate one visit of the users from `start` up to `stop`.

    Args:
        stages: the number of compiled stages of the visit.
        start: the first row.
        stop: the row after the last.
        seed: uint64.
        slate: (n, k) items.
        shoppers: their arrays, in the order above.
        world: its arrays and numbers, in the order above.
        clicking: the number of the click model's kernel, and its parameters (r, k).
        outcome: the arrays to write, in the order above.
    """
    identity, visit, interests, clicked_topic, clicked_ago, boredom, exposure, engagement = shoppers
    items, category, decay, slope, offset, omega, threshold, window, over_topics, topics_alone, visits = world
    click_model, given = clicking
    clicks, converted, objectives, revenue, terminated, truncated = outcome
    k, topics, memory = slate.shape[1], interests.shape[1], clicked_topic.shape[1]
    attraction, uniform, first, present = np.empty(k), np.empty(k), np.empty(k, np.bool_), np.empty(topics)
    counts, mean = np.empty(topics, np.int64), np.empty(topics)
    for i in range(start, stop):
        who, when, anybody = identity[i], visit[i], False
        for topic in range(topics):
            anybody |= boredom[i, topic] > 0
        for topic in range(topics):
            lost = boredom[i, topic] > 0 if topics_alone else anybody
            present[topic] = 0.0 if lost else interests[i, topic]
        for rank in range(k):
            uniform[rank], _ = block(seed, CLICK, who, when, slate[i, rank])
        first_shown(slate[i], first)
        for rank in range(k):
            fit, item = 0.0, slate[i, rank]
            for topic in range(topics):
                fit += present[topic] * items[item, topic]
            attraction[rank] = 1 / (1 + np.exp(slope * (offset - fit))) if first[rank] else 0.0
        if click_model == POSITION_BASED:
            for rank in range(k):
                clicks[i, rank] = uniform[rank] < attraction[rank] * given[0, rank]
        else:
            slate_uniform = 0.0
            if click_model == MULTINOMIAL:
                slate_uniform, _ = block(seed, SLATE, who, when, 0)
            click_by_click(click_model, given, attraction, uniform, slate_uniform, clicks, i)
        if stages < CONVERSION:
            continue

        clicked = 0
        for rank in range(k):
            converted[i, rank], revenue[i, rank] = False, 0
            clicked += clicks[i, rank]
        objectives[i, 0], objectives[i, 1] = clicked, 0
        for topic in range(exposure.shape[1]):
            exposure[i, topic] *= decay
        for rank in range(k):
            if first[rank]:
                exposure[i, category[slate[i, rank]]] += np.float32(1)
        engagement[i, 0] = decay * engagement[i, 0] + np.float32(clicked)
        engagement[i, 1] = decay * engagement[i, 1]
        if stages < EVOLUTION:
            continue

        for topic in range(topics):
            counts[topic], mean[topic] = 0, 0.0
        # Remembered clicks come after the empty entries, oldest first; new clicks remove the oldest.
        for rank in range(k):
            if clicks[i, rank]:
                for place in range(memory - 1):
                    clicked_topic[i, place], clicked_ago[i, place] = clicked_topic[i, place + 1], clicked_ago[i, place + 1]
                clicked_topic[i, memory - 1], clicked_ago[i, memory - 1] = category[slate[i, rank]], 0
        for place in range(memory):
            if clicked_topic[i, place] != FORGOTTEN:
                clicked_ago[i, place] += 1
                if clicked_ago[i, place] > window:
                    clicked_topic[i, place], clicked_ago[i, place] = FORGOTTEN, 0
                else:
                    counts[clicked_topic[i, place]] += 1
        for topic in range(topics):
            if boredom[i, topic] > 0:
                boredom[i, topic] -= 1
            if boredom[i, topic] == 0 and counts[topic] >= threshold:
                boredom[i, topic] = window
        if omega < 1 and clicked > 0:
            for rank in range(k):
                if clicks[i, rank]:
                    for topic in range(topics):
                        mean[topic] += items[slate[i, rank], topic]
            total, length = 0.0, 0.0
            for topic in range(topics):
                mean[topic] /= clicked
                total += mean[topic]
            for topic in range(topics):
                mean[topic] = omega * interests[i, topic] + (1 - omega) * (total / topics if over_topics else mean[topic])
                length += mean[topic] * mean[topic]
            for topic in range(topics):
                interests[i, topic] = mean[topic] / np.sqrt(length)
        if stages < LEAVING:
            continue

        terminated[i] = visits == 1  # a single visit is the whole episode, not a period cut short
        visit[i] = when + 1
        truncated[i] = when + 1 >= visits and not terminated[i]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def observe_sardine(start: int, stop: int, shoppers: Any, threshold: int, visits: int, observation: Any) -> None:
    """Write the observation of the users from `start` up to `stop`."""
    _, visit, interests, clicked_topic, _, _, exposure, engagement = shoppers
    topics, g = interests.shape[1], exposure.shape[1]
    counts = np.empty(topics, np.int64)
    for i in range(start, stop):
        row = observation[i]
        counts[:] = 0
        for place in range(clicked_topic.shape[1]):
            if clicked_topic[i, place] != FORGOTTEN:
                counts[clicked_topic[i, place]] += 1
        for topic in range(topics):
            row[topic] = min(counts[topic] / threshold, 1.0)
        clock = topics
        if visits > 1:
            for topic in range(g):
                row[topics + topic] = exposure[i, topic]
            row[topics + g], row[topics + g + 1] = engagement[i, 0], engagement[i, 1]
            clock += g + 2
        row[clock] = np.float32(visit[i] / visits)
