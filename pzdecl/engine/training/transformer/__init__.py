"""The causal transformer of the -v2 recipes, on the core that all models of sequences share."""
