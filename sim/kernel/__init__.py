"""Compiled building blocks that several worlds share. The specification of each is its NumPy method, not the code here."""

from slategym.utils.compilation import watch

watch()
