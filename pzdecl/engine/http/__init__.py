"""The engine behind AWS's wire protocols: what `pzdecl serve` runs."""
