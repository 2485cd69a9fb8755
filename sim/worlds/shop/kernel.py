"""The shop, compiled: a visit, the observation, and new shoppers, each in one pass over shoppers.

`slategym.sim.worlds.shop.model.ShopModel` and `Simulation` are the specification. All data of one shopper fit into the fastest
cache: k item rows of q + 6 floats are read, and a few hundred bytes of state are read and written.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.click_models import CLICK, POSITION_BASED, SLATE, click_by_click, first_shown
from slategym.sim.kernel.functions import logistic, normal_middle, normal_tail
from slategym.sim.kernel.philox import block
from slategym.sim.streams import Stream
from slategym.sim.user_models.visit import Stage

DELAY, TRAIT = int(Stream.DELAY) // 2, int(Stream.TRAIT) // 2  # blocks of random numbers hold two streams each
CONVERSION, CONVERSION_DETAILS, EVOLUTION = int(Stage.CONVERSION), int(Stage.CONVERSION_DETAILS), int(Stage.EVOLUTION)
LEAVING, OBSERVATION = int(Stage.LEAVING), int(Stage.OBSERVATION)
NEXT = 1 << 32  # difference between the identities of successive shoppers of a row
# Kernels take their arrays in tuples, which have no cost, in this order:
# shoppers: identity, visit, segment, taste, blur, price sensitivity, patience, satisfaction, exposure, engagement and pending
#     conversions;
# world: items (m, q + 6), the taste and the columns below; season (MONTH, g); of the segments the cumulative shares (s,), tastes
#     (s, q) and price sensitivities (s,); the cumulative shares of delays of 0, 1, ... visits, without the longest; the
#     `PARAMETERS` and the decay of the history, with satiation and drift 0 if they are switched off; whether shoppers may leave;
#     the largest number of visits;
# outcome: clicks, converted, objectives, revenue, delay, terminated and truncated, as in `VisitOutcome`.
# The coefficients that kernels read, in the order of their array. The order is written here and not imported, because a cached
# kernel is compiled again when this file changes, but not when another one does.
PARAMETERS = (
    *("attraction_taste", "attraction_price", "conversion_taste", "conversion_price", "satiation", "drift"),
    *("satisfaction_pace", "conversion_satisfaction", "staying_intercept"),
    *("taste_spread", "blur_spread", "price_sensitivity_spread", "patience_spread"),
)
ATTRACTION_TASTE, ATTRACTION_PRICE, CONVERSION_TASTE, CONVERSION_PRICE, SATIATION, DRIFT = range(6)
SATISFACTION_PACE, CONVERSION_SATISFACTION, STAYING_INTERCEPT = range(6, 9)
TASTE_SPREAD, BLUR_SPREAD, PRICE_SENSITIVITY_SPREAD, PATIENCE_SPREAD, HISTORY_DECAY = range(9, 14)
# The columns of an item's row after its taste.
CATEGORY, ATTRACTS, CONVERTS, DEARNESS, SURPLUS, PRICE = range(6)
# The numbers of draws and of floats that one vector instruction handles: loops over multiples of these have no remainder.
DRAWS, FLOATS = 4, 8


@nb.njit(cache=True, fastmath={"reassoc", "contract"})
def dot(left: Any, right: Any, length: int) -> Any:
    """The inner product of the first entries. The order of the sum is free: the fastest order changes only the last bits."""
    total = np.float32(0)
    for entry in range(length):
        total += left[entry] * right[entry]
    return total


@nb.njit(cache=True, nogil=True, error_model="numpy")
def visit_shop(
    stages: int, start: int, stop: int, seed: Any, slate: Any, shoppers: Any, world: Any, clicking: Any, outcome: Any
) -> None:
    """Simulate one visit of the shoppers from `start` up to `stop`.

    Args:
        stages: the number of compiled stages of the visit.
        start: the first row.
        stop: the row after the last.
        seed: uint64.
        slate: (n, k) items.
        shoppers: their arrays, in the order above.
        world: its arrays, in the order above.
        clicking: the number of the click model's kernel, and its parameters (r, k).
        outcome: the arrays to write, in the order above.
    """
    identity, visit, _, taste, _, sensitivity, patience, satisfaction, exposure, engagement, pending_conversions = shoppers
    items, season, _, _, _, delays, parameters, leave, visits = world
    click_model, given = clicking
    clicks, converted, objectives, revenue, delay, terminated, truncated = outcome
    attraction_taste, attraction_price, satiation = (
        parameters[ATTRACTION_TASTE],
        parameters[ATTRACTION_PRICE],
        parameters[SATIATION],
    )
    conversion_taste, conversion_price = parameters[CONVERSION_TASTE], parameters[CONVERSION_PRICE]
    drift, decay = parameters[DRIFT], parameters[HISTORY_DECAY]
    satisfaction_pace, conversion_satisfaction = parameters[SATISFACTION_PACE], parameters[CONVERSION_SATISFACTION]
    staying_intercept = parameters[STAYING_INTERCEPT]
    k, q, g, longest = slate.shape[1], taste.shape[1], exposure.shape[1], pending_conversions.shape[1]
    draws = (k + DRAWS) // DRAWS * DRAWS  # one for each rank, one for the slate, and some to fill the last vector instruction
    item, stream = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    stream[:k], stream[k] = CLICK, SLATE
    click_uniform, conversion_uniform = np.empty(draws), np.empty(draws)
    fit, category, first = np.empty(k, np.float32), np.empty(k, np.int64), np.empty(k, np.bool_)
    attraction = np.zeros((k + FLOATS - 1) // FLOATS * FLOATS, np.float32)
    pull, pace = np.empty(q, np.float32), drift * np.float32(np.sqrt(q))
    for i in range(start, stop):
        who, when, price = identity[i], visit[i], attraction_price * sensitivity[i]
        day = when % len(season)
        # One plain loop per task: the compiler turns each into vector instructions over ranks.
        for rank in range(k):
            item[rank] = slate[i, rank]
        for entry in range(draws):
            click_uniform[entry], conversion_uniform[entry] = block(seed, stream[entry], who, when, item[entry])
        for rank in range(k):
            fit[rank] = dot(taste[i], items[item[rank]], q)
        for rank in range(k):
            row, of = item[rank], np.int64(items[item[rank], q + CATEGORY])
            mood = season[day, of] - satiation * exposure[i, of]
            score = attraction_taste * fit[rank] + items[row, q + ATTRACTS] - price * items[row, q + DEARNESS] + mood
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
                score = conversion_taste * fit[rank] + items[row, q + CONVERTS]
                score -= conversion_price * sensitivity[i] * items[row, q + DEARNESS]
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
            exposure[i, of_category] *= decay
        for rank in range(k):
            if first[rank]:
                exposure[i, category[rank]] += np.float32(1)
        engagement[i, 0] = decay * engagement[i, 0] + clicked
        # The history contains only conversions that the shop knows of by now.
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
        engagement[i, 1] = decay * engagement[i, 1] + known
        if stages < EVOLUTION:
            continue

        if leave:
            satisfaction[i] += satisfaction_pace * (pleased + conversion_satisfaction * conversions - satisfaction[i])
        if drift != 0 and clicked > 0:
            pull[:] = 0
            for rank in range(k):
                if clicks[i, rank]:
                    for dimension in range(q):
                        pull[dimension] += items[item[rank], dimension]
            for dimension in range(q):
                taste[i, dimension] += pace * pull[dimension] - drift * clicked * taste[i, dimension]
        if stages < LEAVING:
            continue

        # A single visit is the whole episode, not a period cut short.
        terminated[i] = visits == 1 or (
            leave and conversion_uniform[k] < logistic(-(staying_intercept + satisfaction[i] + patience[i]))
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
    shoppers: Any,
    world: Any,
    clicking: Any,
    outcome: Any,
    observation: Any,
    staying: Any,
    followed: bool,
    after: Any,
) -> None:
    """Do a visit, the observation after it, and the replacement of shoppers who left, for the rows from `start` up to `stop`.

    Args:
        stages: the number of compiled stages of the visit.
        start: the first row.
        stop: the row after the last.
        seed: uint64.
        slate: (n, k) items.
        shoppers: their arrays, in the order above.
        world: its arrays, in the order above.
        clicking: the number of the click model's kernel, and its parameters (r, k).
        outcome: the arrays to write, in the order above.
        observation: (n, o), written.
        staying: (n,) bool, all False; if shoppers are replaced, set to True for those who stay.
        followed: whether shoppers who left are replaced by others.
        after: (n, o), the observation after the replacement; written if `followed`.
    """
    visit_shop(stages, start, stop, seed, slate, shoppers, world, clicking, outcome)
    if stages < OBSERVATION:
        return
    observe_shop(start, stop, shoppers, world, observation, staying)
    if followed:
        for i in range(start, stop):
            for column in range(observation.shape[1]):
                after[i, column] = observation[i, column]
        follow_shop(start, stop, shoppers, outcome, staying)
        sample_shop(start, stop, seed, shoppers, world, staying)
        observe_shop(start, stop, shoppers, world, after, staying)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def follow_shop(start: int, stop: int, shoppers: Any, outcome: Any, staying: Any) -> None:
    """Replace shoppers who left by the next ones of their rows, without a history; write the others into the mask `staying`."""
    identity, visit, _, _, _, _, _, satisfaction, exposure, engagement, pending_conversions = shoppers
    terminated, truncated = outcome[-2], outcome[-1]
    for i in range(start, stop):
        staying[i] = not (terminated[i] or truncated[i])
        if not staying[i]:
            identity[i] += NEXT
            visit[i], satisfaction[i], exposure[i], engagement[i], pending_conversions[i] = 0, 0, 0, 0, 0


@nb.njit(cache=True, nogil=True, error_model="numpy")
def observe_shop(start: int, stop: int, shoppers: Any, world: Any, observation: Any, skip: Any) -> None:
    """Write the observation of the shoppers from `start` up to `stop`, except those in the mask `skip`."""
    _, visit, _, taste, blur, sensitivity, _, _, exposure, engagement, _ = shoppers
    visits = world[-1]
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
def sample_shop(start: int, stop: int, seed: Any, shoppers: Any, world: Any, skip: Any) -> None:
    """Sample new shoppers from `start` up to `stop`, except those in the mask `skip`: all their traits, and their taste."""
    identity, _, segment, taste, blur, sensitivity, patience, _, _, _, _ = shoppers
    _, _, segment_shares, segment_taste, segment_sensitivity, _, parameters, _, _ = world
    taste_spread, blur_spread = parameters[TASTE_SPREAD], parameters[BLUR_SPREAD]
    sensitivity_spread, patience_spread = parameters[PRICE_SENSITIVITY_SPREAD], parameters[PATIENCE_SPREAD]
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
        while which < len(segment_shares) - 1 and segment_uniform[0] >= segment_shares[which]:
            which += 1
        segment[i] = which
        for dimension in range(q):
            taste[i, dimension] = segment_taste[which, dimension] + taste_spread * drawn[dimension]
        for dimension in range(q + 1):
            blur[i, dimension] = blur_spread * drawn[q + dimension]
        sensitivity[i] = segment_sensitivity[which] * np.exp(sensitivity_spread * drawn[count - 2])
        patience[i] = patience_spread * drawn[count - 1]
