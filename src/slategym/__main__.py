"""`python -m slategym` is `slategym`."""

from slategym.scripts.main import main

if __name__ == "__main__":
    main()
