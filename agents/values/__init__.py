"""Agents that learn the long-term value of slates from the values of single items. Policy gradients do not belong here."""
