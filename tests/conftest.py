"""What every test shares."""

from hypothesis import settings

# The same examples on every machine and at every run: a red test stays red.
settings.register_profile("same-examples", derandomize=True, deadline=None)
settings.load_profile("same-examples")
