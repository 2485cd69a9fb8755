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
# # Your own shopper
#
# **Question:** you study shoppers who lose patience: after a visit without a click they often do not come back. Does
# that change which recommender is best?
#
# This tutorial writes such a shopper in a few lines, tests it, looks at what it does, and runs the experiment. You need Python
# and NumPy.

# %%
import matplotlib.pyplot as plt
import numpy as np

from slategym import compare, make_world
from slategym.bench import Estimate, run
from slategym.sim import ShopModel
from slategym.testing import check_user_model

plt.rcParams.update(
    {
        "figure.dpi": 100,
        "figure.figsize": (7, 3.2),
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)

# %% [markdown]
# ## Which part to change
#
# A user model consists of small methods. Each answers one question about a batch of shoppers:
#
# | method | question |
# |---|---|
# | `sample` | who are the new shoppers? |
# | `attraction` | how probable is a click on an item that is looked at? |
# | `conversion` | how probable is a conversion after a click? |
# | `evolve` | how does a visit change the shopper? |
# | `leaving` | how probable is it that the shopper never comes back? |
#
# Our idea concerns `leaving` only. Everything else stays as in `Shop-v0`.


# %%
class Impatient(ShopModel):
    """Shoppers of Shop-v0 who often leave after a visit without a click."""

    def leaving(self, shoppers, feedback):
        clicked = feedback.clicks.any(axis=1)
        return np.where(clicked, 0.02, 0.15)


# %% [markdown]
# `feedback.clicks` has a row for each shopper and a column for each rank of the slate. The method returns one probability for
# each shopper. There is no loop, and no random number: slategym draws those, so that every agent gets the same random numbers.

# %% [markdown]
# ## Test it
#
# The check finds probabilities outside 0 to 1, loops over shoppers, answers that depend on the batch, and more. It returns what
# is wrong.

# %%
print("findings:", check_user_model(Impatient))

# %% [markdown]
# Here is what it says about a mistake: a method that returns percent instead of probabilities.


# %%
class Wrong(ShopModel):
    """A mistake: percent instead of probabilities."""

    def leaving(self, shoppers, feedback):
        return np.where(feedback.clicks.any(axis=1), 2.0, 15.0)


for finding in check_user_model(Wrong):
    print(f"{finding.where} {finding.what}.\n{finding.fix}.")

# %% [markdown]
# ## Look at it
#
# Two worlds that differ only in who comes: the shoppers of `Shop-v0`, and the impatient ones. First we show random slates, and
# look at how many shoppers are still there at each visit.

# %%
worlds = {
    "usual shoppers": make_world("Shop-v0", items=200),
    "impatient shoppers": make_world("Shop-v0", items=200, user_model=Impatient()),
}
lengths = {
    name: run(world, "random", 60_000, exact="off").episodes.length
    for name, world in worlds.items()
}

# %% alt="Share of shoppers who are still there at each visit: with random slates impatient shoppers leave much sooner"
visits = np.arange(1, 31)
for name, length in lengths.items():
    plt.step(
        visits, [(length >= visit).mean() for visit in visits], where="mid", label=name
    )
plt.xlabel("visit")
plt.ylabel("share of shoppers still there")
plt.ylim(0, 1)
plt.legend(frameon=False)
plt.show()

# %%
for name, length in lengths.items():
    visits_made = Estimate.from_samples(length)
    print(
        f"{name:19} {visits_made.mean:.1f} visits per shopper (95 % interval {visits_made.low:.1f} to {visits_made.high:.1f})"
    )

# %% [markdown]
# ## The experiment
#
# Four recommenders:
#
# - `random`, the baseline,
# - `popularity`, which shows everybody the items that earn most,
# - `lin-ts`, which learns what each shopper likes, and thinks of the present visit only,
# - `lookahead:lin-ts`, the same, but it also learns which clicks make shoppers stay.
#
# Each runs with five seeds in both worlds. The same seed brings the same shoppers. We count the value of whole episodes, from a
# shopper's first visit to the last: a click counts 1, a conversion 10.

# %%
agents = ["random", "popularity", "lin-ts", "lookahead:lin-ts"]
fast = {
    "shoppers": 300,
    "processes": 1,
    "references": "off",
    "exact": "off",
}  # we need no oracle here
results = {
    name: compare(world, agents, 30_000, 5, **fast) for name, world in worlds.items()
}

# %%
for world, found in results.items():
    print(world)
    for agent in agents:
        value, visits = (
            found["agents"][agent][metric]
            for metric in ("value_per_episode", "visits_per_episode")
        )
        print(
            f"  {agent:17} value {value['mean']:5.1f} ({value['low']:.1f} to {value['high']:.1f}), {visits['mean']:.1f} visits"
        )

# %% alt="Value per episode of each agent in both worlds, with intervals"
places = np.arange(len(agents))
for shift, (world, found) in enumerate(results.items()):
    each = [found["agents"][agent]["value_per_episode"] for agent in agents]
    mean, low, high = (
        np.array([value[part] for value in each]) for part in ("mean", "low", "high")
    )
    plt.errorbar(
        places + 0.2 * (shift - 0.5),
        mean,
        [mean - low, high - mean],
        fmt="o",
        capsize=4,
        label=world,
    )
plt.xticks(places, agents)
plt.ylabel("value per episode")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# ## The difference, seed by seed
#
# The question is whether the *order* of the agents changes, so we look at their paired differences. The intervals hold for all
# pairs of a world at once.

# %%
for world, found in results.items():
    print(world)
    for pair in found["pairs"]:
        said = "differ" if pair["differ"] else "no significant difference"
        print(
            f"  {pair['a']} minus {pair['b']}: {pair['difference']:.2f} ({pair['low']:.2f} to {pair['high']:.2f}), {said}"
        )

# %% [markdown]
# Looking ahead pays for the usual shoppers, and shows no significant lead for the impatient ones. But one significant difference
# and one that is not do not make a significant *change*. So we test the change itself: by how much does the lead of
# `lookahead:lin-ts` shrink, seed by seed?


# %%
def lead(found):
    """By how much looking ahead is better, a number for each seed."""
    one, other = (
        np.array(found["agents"][agent]["seeds"]["value_per_episode"])
        for agent in ("lookahead:lin-ts", "lin-ts")
    )
    return one - other


change = Estimate.from_samples(
    lead(results["usual shoppers"]) - lead(results["impatient shoppers"])
)
print(
    f"the lead is smaller by {change.mean:.2f} (95 % interval {change.low:.2f} to {change.high:.2f})"
)

# %% [markdown]
# ## The answer
#
# Impatience changes the result. For the usual shoppers, a recommender that looks ahead is worth its effort: +3.0 value per
# episode over the same recommender without it (95 % interval 1.6 to 4.5), because it keeps shoppers for 19 visits instead of
# 15. For impatient shoppers there is no significant lead (+0.3, -0.6 to 1.3), and the change of the lead is significant (-2.7,
# -3.3 to -2.1). The likely reason: these shoppers are kept by clicks, and `lin-ts` earns clicks anyway. What is good now is
# good for later, too.
#
# This holds for one way to model impatience, with made-up probabilities of 2 and 15 %. The number to vary is the second one.
#
# ## Where to go next
#
# - Save the class in a file, `my_shop.py`. Then every command takes it: `slategym check my_shop.py:Impatient`, and
#   `slategym benchmark --user-model my_shop.py:Impatient`.
# - [Custom user model](../custom-user-model.md): all methods, new traits and states, black boxes, shoppers learned from a log.
# - `slategym audit --user-model my_shop.py:Impatient` reports what there is to learn in a world, and who leaves when.
# - [Lookahead](../agents/lookahead.md), and how [episodes](../comparing-agents.md) are counted.
# - The next tutorial: [from your log to an A/B test](log-to-ab-test.ipynb), where the shoppers come from data.
