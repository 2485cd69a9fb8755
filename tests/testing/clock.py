"""A clock that moves only when told to, so that checks of speed do not depend on how busy the machine is."""

TICK = 0.001


class Clock:
    """Stands in for `time.perf_counter`: every reading takes a millisecond, every pause what it says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += TICK
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


CLOCK = Clock()
