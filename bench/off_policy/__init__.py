"""Off-policy estimators as functions of arrays, with intervals, support and options. Logs and agents do not belong here.

In short:

```python
from slategym.bench import Actions, policy_values

rounds = Actions(reward, behaviour, target, predicted, expected)  # (n,) each; Slates (n, k), Episodes.from_steps for the others
values = policy_values(rounds, ["ipw", "snipw", "dr", "switch-dr:threshold=auto"], interval="bootstrap")
values["dr"].objectives[0]  # an Estimate: mean, low, high; values["dr"].warnings, .effective_size, .chosen
```

- `rounds.py`, `inputs.py`: the inputs of estimators, `Actions`, `Slates` and `Episodes`, with their checks. Rewards of M
  objectives have an additional last axis.
- `actions.py`, `slates.py`, `episodes.py`: the estimators, each with its formula and source. Each returns `Terms` (`terms.py`).
- `registry.py`: the estimators by name, `ESTIMATORS`, and with options, `make_estimator`. `estimator.needs` lists the arrays
  that an estimator takes.
- `values.py`: `policy_values`, which makes one pass over rounds or blocks of rounds, and its result, `PolicyValue`.
- `sums.py`, `intervals.py`, `selection.py`, `support.py`: sums over blocks, intervals, SLOPE, and warnings.
"""
