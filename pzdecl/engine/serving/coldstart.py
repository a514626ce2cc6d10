"""What aws-hrnn-coldstart answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pzdecl.engine.serving.query import Answer, Query, Stored
from pzdecl.engine.serving.sequences import SequenceAnswers


class ColdAnswers(SequenceAnswers):
    """Cold items alone; scores are their shares of the softmax over all items. A list is ranked as it is."""

    def __init__(self, stored: Stored) -> None:
        import numpy as np

        super().__init__(stored)
        self.cold = np.zeros(len(stored.item_ids), bool)
        self.cold[stored.tensors["cold"]] = True

    def answer_many(self, queries: Sequence[Query]) -> list[Answer]:
        """The likeliest cold items of what is allowed."""
        return super().answer_many([self._among_cold(query) for query in queries])

    def _among_cold(self, query: Query) -> Query:
        if query.among is not None:
            return query
        return replace(query, allowed=self.cold if query.allowed is None else self.cold & query.allowed)
