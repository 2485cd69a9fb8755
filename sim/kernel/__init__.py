"""Compiled building blocks that several worlds share. Nothing here is a specification: the NumPy methods are."""

from slategym.utils.compilation import watch

watch()
