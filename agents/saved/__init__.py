"""What was made elsewhere as an agent or a user model: saved agents, functions, ONNX networks. No new ways to learn."""
