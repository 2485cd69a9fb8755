"""Many independent bandit problems at once, on which the rules are held to theory; no agent."""

import numpy as np


def kl(p, q):
    """The divergence of Bernoulli variables."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0) + np.where(p < 1, (1 - p) * np.log((1 - p) / (1 - q)), 0)


def lai_robbins(rates):
    """The least slope of regret in ln t (Lai, Robbins 1985)."""
    gap = rates.max() - rates
    return float((gap[gap > 0] / kl(rates[gap > 0], rates.max())).sum())


def regret_of(rule, rates, pulls, runs, seed, at, before=None):
    """(len(at), runs) the pseudo-regret after so many pulls.

    Args:
        rule: of (successes, trials, t, random), (runs, m) each, gives numbers of which the highest is played.
        rates: (m,) of the arms, or a function of t that gives them.
        pulls: in all.
        runs: problems.
        seed: of the draws.
        at: pulls at which it is told.
        before: called as before(successes, trials), to forget, before each pull.
    """
    random = np.random.Generator(np.random.SFC64(seed))
    of_time = rates if callable(rates) else lambda t: rates
    arms = len(of_time(0))
    successes, trials = np.zeros((2, runs, arms))
    row, regret, told = np.arange(runs), np.zeros(runs), []
    uniform = random.random((1024, runs))
    for t in range(1, pulls + 1):
        now = of_time(t)
        if before is not None:
            before(successes, trials)
        arm = rule(successes, trials, t, random).argmax(axis=1)
        if t % 1024 == 0:
            uniform = random.random((1024, runs))
        trials[row, arm] += 1
        successes[row, arm] += uniform[t % 1024] < now[arm]
        regret += now.max() - now[arm]
        if t in at:
            told.append(regret.copy())
    return np.array(told)


def cascade_regret(rule, items, size, attraction, gap, pulls, runs, seed):
    """(runs,) the regret of cascade bandits: `size` items of one attraction, the others less attractive by a gap.

    A step's reward is whether there is a click; impressions count down to the first click (Kveton et al., ICML 2015, section 5).
    """
    random = np.random.Generator(np.random.SFC64(seed))
    rates = np.where(np.arange(items) < size, attraction, attraction - gap)
    best = 1 - (1 - rates[:size]).prod()
    successes, trials = np.zeros((2, runs, items))
    row, regret = np.arange(runs)[:, None], np.zeros(runs)
    for t in range(1, pulls + 1):
        score = rule(successes, trials, t, random)
        slate = np.argsort(-score, axis=1, kind="stable")[:, :size]
        attracted = random.random((runs, size)) < rates[slate]
        clicked = attracted & (np.cumsum(attracted, axis=1) == 1)
        trials[row, slate] += np.cumsum(clicked, axis=1) - clicked == 0
        successes[row, slate] += clicked
        regret += best - 1 + (1 - rates[slate]).prod(axis=1)
    return regret
