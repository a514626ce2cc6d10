"""What aws-hrnn-coldstart answers."""

from __future__ import annotations

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

    def answer(self, query: Query) -> Answer:
        """The likeliest cold items of what is allowed."""
        if query.among is None:
            allowed = self.cold if query.allowed is None else self.cold & query.allowed
            query = replace(query, allowed=allowed)
        return super().answer(query)
