"""REINFORCE over slates with networks in torch. Adapters of other libraries' algorithms belong in `adapters`."""
