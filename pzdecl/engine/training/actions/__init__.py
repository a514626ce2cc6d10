"""Training of aws-next-best-action."""
