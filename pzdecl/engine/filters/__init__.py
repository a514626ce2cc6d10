"""Filters: the expression language, and what its expressions let through."""
