"""`Fitted-v0`: the world that `slategym fit` estimates from a log. The fit itself does not belong here: see `bench.fitting`."""
