"""`Fitted-v0`: the world of the parameters that `slategym fit` finds in a log. How they are found is in `bench.fitting`."""
