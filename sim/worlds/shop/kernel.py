"""The shop, compiled: a visit, what the recommender sees, and new shoppers, each in one pass over shoppers.

`slategym.sim.worlds.shop.model.ShopModel` and `Simulation` are the specification. Shopper by shopper everything stays in the
processor's nearest memory: k item rows of q + 6 floats in, a few hundred bytes of state in and out.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.click_models import CLICK, POSITION_BASED, SLATE, click_by_click, first_shown
from slategym.sim.kernel.functions import logistic, normal_middle, normal_tail
from slategym.sim.kernel.philox import block
from slategym.sim.streams import Stream
from slategym.sim.user_model import Stage

DELAY, TRAIT = int(Stream.DELAY) // 2, int(Stream.TRAIT) // 2  # blocks of random numbers hold two streams each
CONVERSION, CONVERSION_DETAILS, EVOLUTION = int(Stage.CONVERSION), int(Stage.CONVERSION_DETAILS), int(Stage.EVOLUTION)
LEAVING, OBSERVATION = int(Stage.LEAVING), int(Stage.OBSERVATION)
NEXT = 1 << 32  # from the identity of a shopper to that of the next one in the row
DECAY = np.float32(0.8)
# What stands in an item's row behind its taste.
CATEGORY, ATTRACTS, CONVERTS, DEARNESS, SURPLUS, PRICE = range(6)
# Numbers that one vector instruction holds at least, draws and floats: work on so many at a time leaves no odd ones out.
DRAWS, FLOATS = 4, 8


@nb.njit(cache=True, fastmath={"reassoc", "contract"})
def dot(terminated: Any, right: Any, length: int) -> Any:
    """The inner product of the first entries; any order of its sum will do, and the fastest differs in the last bits."""
    total = np.float32(0)
    for entry in range(length):
        total += terminated[entry] * right[entry]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def visit_shop(
    stages: int,
    start: int,
    stop: int,
    seed: Any,
    slate: Any,
    identity: Any,
    visit: Any,
    taste: Any,
    sensitivity: Any,
    patience: Any,
    satisfaction: Any,
    exposure: Any,
    engagement: Any,
    pending_conversions: Any,
    items: Any,
    season: Any,
    satiation: Any,
    drift: Any,
    leave: bool,
    delays: Any,
    visits: int,
    click_model: int,
    given: Any,
    clicks: Any,
    converted: Any,
    objectives: Any,
    revenue: Any,
    delay: Any,
    terminated: Any,
    truncated: Any,
) -> None:
    """One visit of the shoppers from `start` up to `stop`, as far as `stages` goes.

    Arrays are as in `ShopModel` and `VisitOutcome`; `items` (m, q + 6), `season` (30, g), and `delays` the sums of the shares
    of delays of 0, 1, ... visits, of which the longest takes what is left.
    """
    k, q, g, longest = slate.shape[1], taste.shape[1], exposure.shape[1], pending_conversions.shape[1]
    draws = (k + DRAWS) // DRAWS * DRAWS  # one for each rank, one for the slate, and what fills the last instruction
    item, stream = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    stream[:k], stream[k] = CLICK, SLATE
    click_uniform, conversion_uniform = np.empty(draws), np.empty(draws)
    fit, category, first = np.empty(k, np.float32), np.empty(k, np.int64), np.empty(k, np.bool_)
    attraction = np.zeros((k + FLOATS - 1) // FLOATS * FLOATS, np.float32)
    pull, pace = np.empty(q, np.float32), drift * np.float32(np.sqrt(q))
    for i in range(start, stop):
        who, when, price = identity[i], visit[i], np.float32(0.2) * sensitivity[i]
        day = when % len(season)
        # One plain loop a task: the compiler turns each into vector instructions over ranks.
        for rank in range(k):
            item[rank] = slate[i, rank]
        for entry in range(draws):
            click_uniform[entry], conversion_uniform[entry] = block(seed, stream[entry], who, when, item[entry])
        for rank in range(k):
            fit[rank] = dot(taste[i], items[item[rank]], q)
        for rank in range(k):
            row, of = item[rank], np.int64(items[item[rank], q + CATEGORY])
            mood = season[day, of] - satiation * exposure[i, of]
            score = np.float32(0.8) * fit[rank] + items[row, q + ATTRACTS] - price * items[row, q + DEARNESS] + mood
            category[rank], attraction[rank] = of, score
        for rank in range(len(attraction)):
            attraction[rank] = logistic(attraction[rank])
        first_shown(item, first)
        for rank in range(k):
            attraction[rank] = attraction[rank] if first[rank] else np.float32(0)
        if click_model == POSITION_BASED:
            for rank in range(k):
                clicks[i, rank] = click_uniform[rank] < attraction[rank] * given[0, rank]
        else:
            click_by_click(click_model, given, attraction, click_uniform, click_uniform[k], clicks, i)
        if stages < CONVERSION:
            continue

        clicked, conversions, pleased = np.float32(0), np.float32(0), np.float32(0)
        for rank in range(k):
            converted[i, rank], revenue[i, rank] = False, 0
        for rank in range(k):
            if clicks[i, rank]:
                row = item[rank]
                score = np.float32(0.5) * fit[rank] + items[row, q + CONVERTS]
                score -= np.float32(2) * price * items[row, q + DEARNESS]
                converted[i, rank] = conversion_uniform[rank] < logistic(score)
                clicked += np.float32(1)
                conversions += np.float32(converted[i, rank])
                pleased += items[row, q + SURPLUS]
                if converted[i, rank]:
                    revenue[i, rank], delay[i, rank] = items[row, q + PRICE], 0
                    delay_uniform, _ = block(seed, DELAY, who, when, row)
                    while delay[i, rank] < len(delays) and delay_uniform >= delays[delay[i, rank]]:
                        delay[i, rank] += 1
        objectives[i, 0], objectives[i, 1] = clicked, conversions
        if stages < CONVERSION_DETAILS:
            continue

        for of_category in range(g):
            exposure[i, of_category] *= DECAY
        for rank in range(k):
            if first[rank]:
                exposure[i, category[rank]] += np.float32(1)
        engagement[i, 0] = DECAY * engagement[i, 0] + clicked
        # Only what the shop has heard of by now is part of the history.
        known = conversions
        if longest > 0:
            now = np.uint32(when) % np.uint32(longest)
            known = np.float32(pending_conversions[i, now])
            pending_conversions[i, now] = 0
            for rank in range(k if conversions > 0 else 0):
                if converted[i, rank] and delay[i, rank] > 0:
                    pending_conversions[i, (when + delay[i, rank]) % longest] += 1
                elif converted[i, rank]:
                    known += np.float32(1)
        engagement[i, 1] = DECAY * engagement[i, 1] + known
        if stages < EVOLUTION:
            continue

        if leave:
            satisfaction[i] += np.float32(0.1) * (pleased + np.float32(2) * conversions - satisfaction[i])
        if drift > 0 and clicked > 0:
            pull[:] = 0
            for rank in range(k):
                if clicks[i, rank]:
                    for dimension in range(q):
                        pull[dimension] += items[item[rank], dimension]
            for dimension in range(q):
                taste[i, dimension] += pace * pull[dimension] - drift * clicked * taste[i, dimension]
        if stages < LEAVING:
            continue

        # A single visit is the whole episode, not a span cut short.
        terminated[i] = visits == 1 or (
            leave and conversion_uniform[k] < logistic(-(np.float32(3.2) + satisfaction[i] + patience[i]))
        )
        visit[i] = when + 1
        truncated[i] = when + 1 >= visits and not terminated[i]
        if terminated[i] or truncated[i]:  # the pending conversions of departing shoppers enter the history
            for after in range(longest):
                engagement[i, 1] += np.float32(pending_conversions[i, after])
                pending_conversions[i, after] = 0


@nb.njit(cache=True, nogil=True, error_model="numpy")
def step_shop(
    stages: int,
    start: int,
    stop: int,
    seed: Any,
    slate: Any,
    identity: Any,
    visit: Any,
    segment: Any,
    taste: Any,
    blur: Any,
    sensitivity: Any,
    patience: Any,
    satisfaction: Any,
    exposure: Any,
    engagement: Any,
    pending_conversions: Any,
    items: Any,
    season: Any,
    until: Any,
    centre: Any,
    usual: Any,
    satiation: Any,
    drift: Any,
    leave: bool,
    delays: Any,
    visits: int,
    click_model: int,
    given: Any,
    clicks: Any,
    converted: Any,
    objectives: Any,
    revenue: Any,
    delay: Any,
    terminated: Any,
    truncated: Any,
    observation: Any,
    stays: Any,
    follows: bool,
    after: Any,
) -> None:
    """A visit, what the recommender sees then, and who `follows`, of the shoppers from `start` up to `stop`; in one call.

    Arrays are as in the functions below and above; `stays` is all False; only where somebody follows is `after` written.
    """
    visit_shop(
        stages,
        start,
        stop,
        seed,
        slate,
        identity,
        visit,
        taste,
        sensitivity,
        patience,
        satisfaction,
        exposure,
        engagement,
        pending_conversions,
        items,
        season,
        satiation,
        drift,
        leave,
        delays,
        visits,
        click_model,
        given,
        clicks,
        converted,
        objectives,
        revenue,
        delay,
        terminated,
        truncated,
    )
    if stages < OBSERVATION:
        return
    observe_shop(start, stop, taste, sensitivity, blur, exposure, engagement, visit, visits, observation, stays)
    if follows:
        for i in range(start, stop):
            for column in range(observation.shape[1]):
                after[i, column] = observation[i, column]
        follow_shop(
            start, stop, terminated, truncated, identity, visit, satisfaction, exposure, engagement, pending_conversions, stays
        )
        sample_shop(start, stop, seed, identity, until, centre, usual, segment, taste, blur, sensitivity, patience, stays)
        observe_shop(start, stop, taste, sensitivity, blur, exposure, engagement, visit, visits, after, stays)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def follow_shop(
    start: int,
    stop: int,
    terminated: Any,
    truncated: Any,
    identity: Any,
    visit: Any,
    satisfaction: Any,
    exposure: Any,
    engagement: Any,
    pending_conversions: Any,
    stays: Any,
) -> None:
    """The next shopper of the row takes the place of each who left or ended, without a history; notes down who `stays`."""
    for i in range(start, stop):
        stays[i] = not (terminated[i] or truncated[i])
        if not stays[i]:
            identity[i] += NEXT
            visit[i], satisfaction[i], exposure[i], engagement[i], pending_conversions[i] = 0, 0, 0, 0, 0


@nb.njit(cache=True, nogil=True, error_model="numpy")
def observe_shop(
    start: int,
    stop: int,
    taste: Any,
    sensitivity: Any,
    blur: Any,
    exposure: Any,
    engagement: Any,
    visit: Any,
    visits: int,
    observation: Any,
    skip: Any,
) -> None:
    """What the recommender sees of the shoppers from `start` up to `stop`, but for those to `skip`."""
    q, g = taste.shape[1], exposure.shape[1]
    for i in range(start, stop):
        if skip[i]:
            continue
        row = observation[i]
        for dimension in range(q):
            row[dimension] = taste[i, dimension] + blur[i, dimension]
        row[q] = np.log(sensitivity[i]) + blur[i, q]
        clock = q + 1
        if visits > 1:
            history = row[q + 1 : q + 1 + g]
            for of_category in range(g):
                history[of_category] = exposure[i, of_category]
            row[q + 1 + g], row[q + 2 + g] = engagement[i, 0], engagement[i, 1]
            clock += g + 2
        row[clock] = np.float32(visit[i] / visits)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def sample_shop(
    start: int,
    stop: int,
    seed: Any,
    identity: Any,
    until: Any,
    centre: Any,
    usual: Any,
    segment: Any,
    taste: Any,
    blur: Any,
    sensitivity: Any,
    patience: Any,
    skip: Any,
) -> None:
    """New shoppers from `start` up to `stop`, but for those to `skip`.

    They are of segments whose shares sum `until` (s,), with tastes about `centre` (s, q) and `usual` (s,) price sensitivities.
    """
    q = taste.shape[1]
    count = 2 * q + 3
    draws = (count + DRAWS - 1) // DRAWS * DRAWS
    uniform, segment_uniform, drawn = np.empty(draws), np.empty(draws), np.empty(draws, np.float32)
    for i in range(start, stop):
        if skip[i]:
            continue
        who = identity[i]
        for entry in range(draws):
            uniform[entry], segment_uniform[entry] = block(seed, TRAIT, who, 0, entry)
        for entry in range(draws):
            drawn[entry] = normal_middle(uniform[entry])
        for entry in range(count):
            if abs(uniform[entry] - 0.5) > 0.425:
                drawn[entry] = normal_tail(max(uniform[entry], 2.0**-54))
        which = 0
        while which < len(until) - 1 and segment_uniform[0] >= until[which]:
            which += 1
        segment[i] = which
        for dimension in range(q):
            taste[i, dimension] = centre[which, dimension] + np.float32(0.8) * drawn[dimension]
        for dimension in range(q + 1):
            blur[i, dimension] = np.float32(0.5) * drawn[q + dimension]
        sensitivity[i] = usual[which] * np.exp(np.float32(0.4) * drawn[count - 2])
        patience[i] = np.float32(0.5) * drawn[count - 1]
