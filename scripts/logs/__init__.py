"""The commands of logs: describing, fitting, replaying, evaluating, and what estimators are good for. No numbers are made."""
