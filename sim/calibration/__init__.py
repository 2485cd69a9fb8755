"""The parts that the presets of `slategym fit` share: logs, fitted click rates. Nothing of one world: see its `calibrate`."""
