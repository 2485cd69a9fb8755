"""Parts that several families of agents share: credit, delayed feedback, exploration noise. No agent."""
