"""The parts that calibrations share: logs, fitted click rates. Nothing of one world: its `calibrate` lies beside it."""
