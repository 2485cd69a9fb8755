"""Off-policy estimators, functions of arrays, with intervals, support and the choice of options; no log and no agent.

In short:

```python
from slategym.bench import Actions, policy_values

rounds = Actions(reward, behaviour, target, predicted, expected)  # (n,) each; Slates (n, k), Episodes.from_steps for the others
values = policy_values(rounds, ["ipw", "snipw", "dr", "switch-dr:threshold=auto"], interval="bootstrap")
values["dr"].objectives[0]  # an Estimate: mean, low, high; values["dr"].warnings, .effective_size, .chosen
```

- `rounds.py`, `inputs.py`: what estimators take, and its checks: `Actions`, `Slates`, `Episodes`. Rewards of M objectives have
  one axis more.
- `actions.py`, `slates.py`, `episodes.py`: the estimators, each with its formula and source. Each gives `Terms` (`terms.py`).
- `registry.py`: the estimators by name, `ESTIMATORS`, and with options, `make_estimator`. `estimator.needs` names the arrays
  that it takes.
- `values.py`: `policy_values`, one pass over rounds or over blocks of them; `PolicyValue` is what it says of a policy.
- `sums.py`, `intervals.py`, `selection.py`, `support.py`: sums over blocks, intervals, SLOPE, and warnings.
"""
