"""Agents that search for policies with evolutionary algorithms. No gradients."""
