"""Gymnasium environments around a simulation. No agent and no statistic."""
