"""The pictures and texts of `render`. Plots of results do not belong here."""
