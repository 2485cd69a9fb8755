"""slategym: a simulator of shoppers for people who build recommenders."""

__version__ = "0.1.0"
