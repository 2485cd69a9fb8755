"""A wrapper that lets any agent count the effect of clicks on later visits. The value of a single visit is not modelled here."""
