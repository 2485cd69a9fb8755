"""`Fitted-v0`: the world of the parameters that `slategym fit` finds in a log. No fitting, which is in `bench.fitting`."""
