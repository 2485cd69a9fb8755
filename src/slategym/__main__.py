"""Runs the command `slategym` for `python -m slategym`."""

from slategym.scripts.main import main

if __name__ == "__main__":
    main()
