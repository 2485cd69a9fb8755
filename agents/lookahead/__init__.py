"""A wrapper by which any agent counts what clicks do to later visits. No model of what a visit itself earns."""
