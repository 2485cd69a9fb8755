"""REINFORCE over slates with networks in torch, not adapters of other libraries' algorithms (see `adapters`)."""
