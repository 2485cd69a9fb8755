# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bandits from nothing
#
# **Question:** a shop can show one of several items to each visitor, and does not know which item is clicked most. How does it
# find out without losing too many clicks on the way?
#
# You need Python and the idea of a mean. We first build everything in a few lines of NumPy, with ten items and visitors who are
# all alike. Then we use slategym, whose shoppers differ from each other.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import beta, t

from slategym import compare, make_world

plt.rcParams.update(
    {
        "figure.dpi": 100,
        "figure.figsize": (7, 3.2),
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)

# %% [markdown]
# ## The problem
#
# Ten items. Each has a *click rate*: the probability that a visitor who is shown the item clicks it. The best item has a rate of
# 10 %, the worst 3 %. **We** know the rates. The shop does not: it only sees, after each visit, a click or no click.

# %%
rates = np.array([0.10, 0.09, 0.08, 0.07, 0.07, 0.06, 0.05, 0.05, 0.04, 0.03])
visitors = 30_000
print(f"always the best item: {visitors * rates.max():,.0f} clicks on average")
print(f"always a random item: {visitors * rates.mean():,.0f} clicks on average")

# %% [markdown]
# A shop that knew the rates would earn 3,000 clicks. The difference between these 3,000 clicks and what a strategy earns is its
# **regret**: the price of not knowing.

# %% [markdown]
# ## First attempt: test, then decide
#
# Show each item to 100 visitors. Then show the item with the most clicks to everybody else. How often does this choose the best
# item? We simulate 1,000 shops.

# %%
random = np.random.default_rng(0)
clicks_in_test = random.binomial(100, rates, size=(1000, 10))
winner = clicks_in_test.argmax(axis=1)
print(
    f"the winner of the test is the best item in {np.mean(winner == 0):.0%} of 1,000 shops"
)
print(f"mean click rate of the winner: {rates[winner].mean():.3f} (best item: 0.100)")

# %% [markdown]
# One hundred visitors are not enough: an item of 9 % or 8 % often gets more clicks by luck. And the shop never corrects its
# mistake, because it stopped asking. A longer test costs more clicks on bad items.
#
# So a good strategy must do two things at once:
#
# - **exploit**: show the item that looks best so far,
# - **explore**: sometimes show other items, because it may be wrong.

# %% [markdown]
# ## Second attempt: epsilon-greedy
#
# For each visitor, throw a coin that shows heads with probability *epsilon*, for example 10 %. Heads: show a random item. Tails:
# show the item with the highest share of clicks so far.


# %%
def epsilon_greedy(clicks, shown, random, epsilon=0.1):
    """The item for the next visitor of each shop."""
    shops, items = clicks.shape
    best = ((clicks + 1) / (shown + 10)).argmax(axis=1)
    return np.where(
        random.random(shops) < epsilon, random.integers(items, size=shops), best
    )


# %% [markdown]
# (We count one click and ten impressions for each item before the start, so that the share is defined.)
#
# ## Third attempt: Thompson sampling
#
# Epsilon-greedy has one number for each item: the share of clicks. It does not record how *certain* this share is. One click in
# ten impressions and a hundred in a thousand are both 10 %, but the second number can be trusted more.
#
# The *Beta distribution* says what the true click rate may be, given the clicks and the impressions without a click. Here it is
# for one item with a rate of 10 %, after 10, 100 and 1,000 impressions.

# %% alt="Three curves over the click rate, around 0.1: wide after 10 impressions, narrower after 100, narrow after 1,000"
grid = np.linspace(0, 0.4, 400)
for impressions in (10, 100, 1000):
    clicks = impressions // 10
    plt.plot(
        grid,
        beta.pdf(grid, 1 + clicks, 9 + impressions - clicks),
        label=f"after {impressions:,} impressions",
    )
plt.xlabel("true click rate")
plt.ylabel("plausibility (density)")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# The more impressions, the narrower the curve. **Thompson sampling** uses this width. For each visitor:
#
# 1. draw one random number from the curve of each item,
# 2. show the item with the highest number.
#
# An item with a wide curve sometimes draws a high number, and is tried. An item that is surely bad never does, and is left alone.
# Nobody has to choose an epsilon.


# %%
def thompson(clicks, shown, random):
    """The item for the next visitor of each shop."""
    return random.beta(1 + clicks, 9 + shown - clicks).argmax(axis=1)


# %% [markdown]
# ## The comparison
#
# We let both strategies run in 100 shops, with 30,000 visitors each. `random.random(shops) < rates[item]` is the click.


# %%
def simulate(strategy, seed=1, shops=100):
    """The regret of each shop up to each visitor, and how often each item was shown."""
    random = np.random.default_rng(seed)
    clicks, shown = np.zeros((shops, len(rates))), np.zeros((shops, len(rates)))
    every, regret = np.arange(shops), np.zeros((visitors, shops))
    for visitor in range(visitors):
        item = strategy(clicks, shown, random)
        clicked = random.random(shops) < rates[item]
        shown[every, item] += 1
        clicks[every, item] += clicked
        regret[visitor] = rates.max() - rates[item]
    return regret.cumsum(axis=0), shown


runs = {
    "epsilon-greedy, 10 %": simulate(epsilon_greedy),
    "epsilon-greedy, 2 %": simulate(lambda *state: epsilon_greedy(*state, epsilon=0.02)),
    "Thompson sampling": simulate(thompson),
}

# %% [markdown]
# The regret is the number of clicks lost so far, compared with a shop that always shows the best item. The bands are 95 %
# intervals of the mean over the 100 shops.

# %% alt="Lost clicks over visitors: the lines of epsilon-greedy keep rising, the line of Thompson sampling flattens"
for name, (regret, _) in runs.items():
    mean = regret.mean(axis=1)
    half = t.ppf(0.975, 99) * regret.std(axis=1, ddof=1) / np.sqrt(100)
    plt.plot(mean, label=name)
    plt.fill_between(np.arange(visitors), mean - half, mean + half, alpha=0.3)
plt.xlabel("visitors")
plt.ylabel("clicks lost so far")
plt.legend(frameon=False)
plt.show()


# %%
def interval(values):
    """A mean over shops or seeds, with its 95 % interval."""
    mean, half = (
        np.mean(values),
        t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)),
    )
    return f"{mean:7.1f} ({mean - half:.1f} to {mean + half:.1f})"


for name, (regret, _) in runs.items():
    print(
        f"{name:22} lost in all: {interval(regret[-1])}   in the last 5,000 visits: {interval(regret[-1] - regret[-5001])}"
    )

# %% [markdown]
# Thompson sampling loses *more* during the first 5,000 visits, because it tries everything. After that its line flattens, and in
# the end it has lost 155 clicks (95 % interval 145 to 165). Epsilon-greedy has lost 230 (201 to 260) with an epsilon of 10 %, and
# 244 (201 to 287) with 2 %.
#
# The line of epsilon-greedy with 10 % never flattens: every tenth visitor still sees a random item, long after the answer is
# known. With 2 % it wastes less on random items, but it corrects an early mistake slowly, so shops differ much (the wide band).
# A shop would have to choose epsilon well, and the best choice depends on the rates that it does not know. The next picture
# shows where the impressions went.

# %% alt="Impressions of each item: epsilon-greedy shows all bad items equally often, Thompson sampling the worst ones least"
places = np.arange(len(rates))
for shift, (name, (_, shown)) in enumerate(runs.items()):
    plt.bar(places + 0.27 * (shift - 1), shown.mean(axis=0), 0.27, label=name)
plt.yscale("log")
plt.xticks(places, [f"{rate:.0%}" for rate in rates])
plt.xlabel("the ten items, by their click rate")
plt.ylabel("impressions per shop")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# Epsilon-greedy shows every bad item equally often. Thompson sampling shows an item the less, the worse it is: the item of 3 %
# is dropped quickly, and most of the exploration goes to the items of 9 % and 8 %, where there is something to find out.

# %% [markdown]
# ## Shoppers who differ: slategym
#
# Real visitors are not all alike. In slategym's `ShopBandit-v0` each shopper has a taste, and the shop sees a blurred version of
# it, the *context*. We use 50 items, show one at a time, and count clicks.

# %%
world = make_world("ShopBandit-v0", items=50, slate_size=1, objectives="click")
print(world)

# %% [markdown]
# Four agents. Two ignore the context and look for the one item that is best for all. Two learn a linear model of the context, and
# show each shopper a different item.
#
# | | without context | with context |
# |---|---|---|
# | random exploration | `epsilon-greedy` | `lin-epsilon-greedy` |
# | Thompson sampling | `bandit:beta-ts` | `lin-ts` |
#
# Both epsilons are 10 %, so that the rows differ by the exploration only, and the columns by the context only. Comparing
# `epsilon-greedy` with `lin-ts` would mix the two.

# %%
agents = {
    "epsilon-greedy": "epsilon-greedy:epsilon=0.1",
    "bandit:beta-ts": "bandit:beta-ts",
    "lin-epsilon-greedy": "lin-epsilon-greedy:epsilon=0.1",
    "lin-ts": "lin-ts",
}
slates, seeds = 20_000, 10
results = compare(world, agents, slates, seeds, shoppers=100, processes=1)

# %% [markdown]
# `compare` runs each agent ten times, with ten seeds. The same seed brings every agent the same shoppers, so the differences are
# *paired*: good luck with the shoppers helps all four agents alike.

# %% alt="Clicks per 100 visits over the run for the four agents and the oracle"
for name in agents:
    curve = results["curves"][name]
    mean, low, high = (
        100 * np.array(curve["value"][part]) for part in ("mean", "low", "high")
    )
    (line,) = plt.plot(curve["slates"], mean, label=name)
    plt.fill_between(curve["slates"], low, high, color=line.get_color(), alpha=0.2)
plt.axhline(
    100 * results["oracle"]["value"]["mean"],
    color="grey",
    linestyle="--",
    label="oracle, which knows every taste",
)
plt.xlabel("visits")
plt.ylabel("clicks per 100 visits")
plt.legend(frameon=False, fontsize=8)
plt.show()

# %%
value = {
    name: 100 * np.array(results["agents"][name]["seeds"]["value"]) for name in agents
}
for name in agents:
    print(f"{name:20} clicks per 100 visits: {interval(value[name])}")

# %% [markdown]
# Now the differences, seed by seed, with 95 % intervals.

# %%
context = value["lin-epsilon-greedy"] - value["epsilon-greedy"]
exploration = value["bandit:beta-ts"] - value["epsilon-greedy"]
exploration_with_context = value["lin-ts"] - value["lin-epsilon-greedy"]
both = value["lin-ts"] - value["epsilon-greedy"]
for name, difference in {
    "lin-ts minus epsilon-greedy, in all": both,
    "... by context (epsilon-greedy explores in both)": context,
    "... by Thompson sampling, with context": exploration_with_context,
    "Thompson sampling without context": exploration,
}.items():
    print(f"{name:50} {interval(difference)}")

# %% [markdown]
# In numbers: `lin-ts` earns 7.9 clicks per 100 visits more than `epsilon-greedy`. Of these, 6.3 come from the context (4.7 to
# 7.8) and 1.7 from Thompson sampling (1.3 to 2.0; the parts are rounded). Without context, Thompson sampling adds about the
# same, 1.8 (0.3 to 3.4). So most of the lead is *context*: to know who is there helps more than to explore well. The lead from
# exploration is smaller, and it is there in both rows of the table.

# %% [markdown]
# ## The answer
#
# A shop finds the best item while it earns, if it explores, and explores less and less as it learns. Thompson sampling does this
# by drawing from what the true rates may be. It beats epsilon-greedy because it does not waste impressions on items that are
# surely bad, and nobody has to choose an epsilon.
#
# When does it win?
#
# - In long runs. In short ones (here below about 10,000 visitors) it is no better, since its exploration has not paid off yet.
# - Against a fixed epsilon. A well-chosen epsilon that falls with time comes close; `epsilon-greedy:decay=2000` is one to try.
# - With shoppers who differ, too, but there the context gains more than the exploration.
#
# These results are for two small shops. Your own may differ, and now you know how to find out.
#
# ## Where to go next
#
# - Change `rates`, for example to ten nearly equal ones, and run the notebook again. Who wins now?
# - The agents of this page: [bandits](../agents/bandit.md), [epsilon-greedy](../agents/epsilon-greedy.md),
#   [lin-epsilon-greedy](../agents/lin-epsilon-greedy.md), [lin-ts](../agents/lin-ts.md).
# - [Comparing agents](../comparing-agents.md): what the intervals mean, and how many seeds you need.
# - The next tutorial: [what weights that adapt are](adaptive-weights.ipynb), for shops that want more than clicks.
