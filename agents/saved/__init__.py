"""Agents and user models from files: saved agents, scoring functions, ONNX networks. Learning methods do not belong here."""
