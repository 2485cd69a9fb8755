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
# # A paper's experiment
#
# **Question:** you write a paper. How do you get from an experiment that others can repeat to a table and a figure in LaTeX?
#
# The experiment of this page asks: *two things separate a simple bandit from the usual linear bandit, the context that it sees
# and the way in which it explores. Which of them earns more?* Cells that show `slategym` commands are for a terminal.

# %%
import json
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from slategym.bench import Estimate

# %% [markdown]
# ## 1. The configuration
#
# The whole experiment is one file. It belongs in the repository of the paper.

# %%
Path("paper.toml").write_text("""\
world = {name = "ShopBandit-v0", items = 100}
agents = [
    "random",
    "bandit:beta-ts",
    {name = "lin-epsilon-greedy", epsilon = 0.05},
    {name = "lin-ts", alpha = 0.5},
]
slates = 20_000
shoppers = 250
seeds = 5
weights = [1, 10]
""")
print(Path("paper.toml").read_text())

# %% [markdown]
# Reading the lines: an agent with options is a table in braces. `weights = [1, 10]` says that a click is worth 1 and a conversion
# 10. `seeds = 5` runs each agent with the seeds 0 to 4; with the same seed every agent meets the same shoppers. Decide the number
# of seeds, and all settings, *before* you look at these seeds: settings that were chosen on them look better than they are.

# %% [markdown]
# ## 2. The run
#
# One command. If it is interrupted, the same command continues where it stopped. It prints a table with speeds, which differ from
# machine to machine, so this page shows only what follows the table.

# %% language="bash"
# slategym benchmark --config paper.toml --processes 1 --out runs/paper > printed.txt
# sed -n '/differences/,$p' printed.txt
# ls runs/paper

# %% [markdown]
# `results.json` holds all numbers, `report.html` is a page of them, and `config.toml` is the complete configuration: what your
# file left out is filled in. Its section `[slategym]` has the exact command, the version, and a fingerprint of code and
# settings. Put this file into the supplement of the paper. `slategym benchmark --config config.toml` repeats the run, to the
# last digit with the same versions of the libraries and the same kind of processor.

# %%
results = json.loads(Path("runs/paper/results.json").read_text())
print(sorted(tomllib.loads(Path("runs/paper/config.toml").read_text())["slategym"]))

# %% [markdown]
# ## 3. The test
#
# The leaderboard is not the test. The question is about *differences* of agents with the same seeds. `pairs` has all paired
# differences; their intervals hold together with 95 %, whatever pair you pick. Two of them answer the question:
#
# - context: linear, Thompson minus Thompson, no context. Both explore in the same way.
# - exploration: linear, Thompson minus linear, epsilon-greedy. Both see the context.

# %%
names = {
    "random": "random",
    "bandit:beta-ts": "Thompson, no context",
    "lin-epsilon-greedy:epsilon=0.05": "linear, epsilon-greedy",
    "lin-ts:alpha=0.5": "linear, Thompson",
}
for pair in results["pairs"]:
    interval = f"{pair['low']:+.3f} to {pair['high']:+.3f}"
    print(
        f"{names[pair['a']]:22} minus {names[pair['b']]:22} {pair['difference']:+.3f} ({interval})"
    )

# %% [markdown]
# Epsilon-greedy never stops exploring, so a lead of Thompson sampling should show late in the run, if there is one. We compare
# the last 10 % of each run, seed by seed, in the same way.


# %%
def seeds_of(agent, metric):
    """One number for each seed."""
    return np.array(results["agents"][agent]["seeds"][metric])


for metric, when in (("value", "whole run"), ("final_value", "last 10 %")):
    lead = Estimate.from_samples(
        seeds_of("lin-ts:alpha=0.5", metric)
        - seeds_of("lin-epsilon-greedy:epsilon=0.05", metric)
    )
    print(
        f"linear, Thompson minus linear, epsilon-greedy, {when}: {lead.mean:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})"
    )

# %% [markdown]
# ## 4. The table
#
# `slategym report --tables` writes the leaderboard as LaTeX, for the package `booktabs`, and all numbers as CSV.

# %% language="bash"
# slategym report runs/paper --tables
# cat runs/paper/tables/leaderboard.tex

# %% [markdown]
# Each number has half the width of its 95 % interval over the seeds. For the paper, replace the names of slategym by those of the
# text, and keep the file beside the source.

# %%
table = Path("runs/paper/tables/leaderboard.tex").read_text()
for agent, name in names.items():
    table = table.replace(f"\n{agent} &", f"\n{name} &")
Path("table.tex").write_text(table)
print("\n".join(line.split(" & ")[0] for line in table.splitlines() if "&" in line))

# %% [markdown]
# ## 5. The figure
#
# A figure for one column: 3.3 inches wide, letters of 8 points as in the text, lines that differ in black and white too. A PDF
# keeps lines as lines, so that it is sharp at every size. Font type 42 is what most journals ask for. It shows the *regret*: what
# each agent has lost so far, compared with the oracle. slategym computes it from exact probabilities, so it has little noise.

# %% alt="Regret over slates shown, with bands: steepest for random, then the bandit; the two linear agents lie on each other"
style = {
    "font.family": "serif",
    "font.size": 8,
    "pdf.fonttype": 42,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
with plt.rc_context(style | {"figure.dpi": 150}):
    figure, axes = plt.subplots(figsize=(3.3, 2.3), layout="constrained")
    for (agent, name), line in zip(names.items(), (":", "-.", "--", "-"), strict=True):
        curve = results["curves"][agent]
        slates = np.array(curve["slates"]) / 1000
        mean, low, high = (
            np.array(curve["cumulative_regret"][part]) / 1000
            for part in ("mean", "low", "high")
        )
        axes.plot(slates, mean, line, label=name, linewidth=1)
        axes.fill_between(slates, low, high, alpha=0.2, linewidth=0)
    axes.set_xlabel("slates shown, thousands")
    axes.set_ylabel("regret, thousands")
    axes.legend(frameon=False, fontsize=7)
    figure.savefig(
        "curves.pdf", metadata={"CreationDate": None}
    )  # without the date, the same run gives the same file
    plt.show()

# %%
pdf = Path("curves.pdf").read_bytes()
print("PDF:", pdf.startswith(b"%PDF"), "- pixels in it:", b"/Subtype /Image" in pdf)

# %% [markdown]
# ## 6. In the paper
#
# This is all that LaTeX needs. `pdflatex paper.tex` makes a page of it.

# %%
Path("paper.tex").write_text(r"""\documentclass{article}
\usepackage{booktabs,graphicx}
\begin{document}
\begin{table}
  \caption{Value per slate (a click counts 1, a conversion 10) in ShopBandit-v0 with 100 items,
    20{,}000 slates; mean over 5 seeds $\pm$ half the width of the 95\,\% interval.}
  \centering\small
  \input{table}
\end{table}
\begin{figure}
  \centering
  \includegraphics{curves}
  \caption{Cumulative regret while agents learn. Bands: 95\,\% intervals over 5 seeds.}
\end{figure}
\end{document}
""")
print(
    sorted(
        path.name for path in Path().iterdir() if path.suffix in (".tex", ".pdf", ".toml")
    )
)

# %% [markdown]
# ## The answer
#
# One file of configuration and two commands, `slategym benchmark --config` and `slategym report --tables`, give the numbers, the
# test and the table. Matplotlib draws the figure from `results.json`. The same configuration gives the same
# numbers, with the same versions of the libraries and the same kind of processor.
#
# And the experiment? **The context earns more.** Seeing it is worth +0.41 per slate (95 % interval 0.35 to 0.47), more than half
# of what the bandit without context earns. For the two ways to explore we find **no significant difference**: -0.002, and the
# interval, -0.028 to +0.023, excludes a lead of more than 3 % of the value for either of them. The last 10 % of the runs show
# none either. Do not write "there is no difference": a smaller one may exist, and more seeds would find it. With another
# epsilon, another world or longer runs, the result may differ. To try it, change one line of the configuration.
#
# ## Where to go next
#
# - [Comparing agents](../comparing-agents.md): what the intervals mean, and how many seeds a comparison needs.
# - [Configurations](../configurations.md): `--set` changes an entry for one run, for sweeps and ablations.
# - [The profile of an agent](../profile.md): eight small tasks for the appendix.
# - [How to cite slategym](../citing.md).
