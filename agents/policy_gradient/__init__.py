"""REINFORCE over slates with networks in torch. Not adapters of other libraries' algorithms (see `adapters`)."""
