"""The hierarchical recurrent network without torch: a user's two states, carried on over new events.

The same steps as `pzdecl.engine.training.hrnn.network`, for one user: an event costs one step of the session's
level, and one of the user's level where it begins a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vector = Any
"""float32[h]."""


class RecurrentReader:
    """Reads `network.*`, `session_gap`, `history_offsets`, and of each user `*_states` and `last_times`."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.tensors = tensors
        self.gap = int(tensors["session_gap"][0])

    def expect(
        self,
        user: int | None,
        items: NDArray[np.int32],
        timestamps: NDArray[np.int64],
        given: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """float32[h]: what is expected of a user after further events, the oldest first.

        user   the code of one whom the training knew; None for a new one
        items  int32[n], codes of what the training knew; timestamps int64[n], seconds
        given  float32[n, h]: what the events' own features add to the vectors of their items
        """
        import numpy as np

        t = self.tensors
        if user is None or t["history_offsets"][user] == t["history_offsets"][user + 1]:
            level, last = t["network.start"], None
            state = self._begin(level)
        else:
            state, level, last = t["session_states"][user], t["user_states"][user], int(t["last_times"][user])
        # What is known of the user beside the events:
        shift = 0.0 if user is None else t["expected"][user] - self._expected(state)
        read = t["items"][items] if given is None else t["items"][items] + given
        for vector, timestamp in zip(read, timestamps.tolist(), strict=True):
            if last is not None and timestamp - last > self.gap:
                level = self._step("user", state @ t["network.user.input"], level)
                state = self._begin(level)
            inputs = vector @ t["network.session.input"] + level @ t["network.user_to_session"]
            state = self._step("session", inputs, state)
            last = timestamp
        return np.asarray(self._expected(state) + shift, np.float32)

    def _begin(self, level: Vector) -> Vector:
        """The session's state with which a session of a user begins."""
        import numpy as np

        return np.tanh(level @ self.tensors["network.init"] + self.tensors["network.init_bias"])

    def _expected(self, state: Vector) -> Vector:
        return state @ self.tensors["network.output"] + self.tensors["network.output_bias"]

    def _step(self, name: str, inputs: Vector, state: Vector) -> Vector:
        """One gated recurrent unit: 3h columns are reset, update, new."""
        import numpy as np

        t, h = self.tensors, len(state)
        inputs = inputs + t[f"network.{name}.input_bias"]
        recurrent = state @ t[f"network.{name}.state"] + t[f"network.{name}.state_bias"]
        reset, update = np.split(1 / (1 + np.exp(-(inputs + recurrent)[: 2 * h])), 2)
        new = np.tanh(inputs[2 * h :] + reset * recurrent[2 * h :])
        return new + update * (state - new)
