"""Quality of the recipes on public data, by the protocols under which others have published theirs."""
