"""The pictures and texts of `render`. No plot of a result."""
