"""Items that belong together: what recipes of related items share."""
