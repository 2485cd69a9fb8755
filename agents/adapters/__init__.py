"""Agents made of models and algorithms of other libraries. No algorithms of slategym itself."""
