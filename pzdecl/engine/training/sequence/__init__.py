"""The core that all models of sequences share: fitting, the loss over items, the memory and its gate."""
