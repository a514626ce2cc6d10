"""The hierarchical recurrent network: recurrence, loss, batches, and how they are fitted."""
