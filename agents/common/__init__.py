"""Parts of learning that several families of agents share: credit, delayed feedback, replay, position bias. No agents."""
