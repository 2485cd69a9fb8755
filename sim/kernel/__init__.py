"""The compiled paths of the built-in behaviour. Nothing here decides anything: the NumPy methods are the specification."""

from slategym.utils.compilation import watch

watch()
