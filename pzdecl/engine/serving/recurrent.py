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
    """Reads `network.*`, `session_gap`, and of each user `session_states`, `user_states`, `last_times`."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.tensors = tensors
        self.gap = int(tensors["session_gap"][0])

    def expect(
        self, user: int | None, items: NDArray[np.int32], timestamps: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """float32[h]: what is expected of a user after further events, the oldest first.

        user        the code of one whom the training knew; None for a new one
        items       int32[n], codes of what the training knew; timestamps int64[n], seconds
        """
        import numpy as np

        t = self.tensors
        times = t["last_times"]
        if user is None or times[user] < 0:
            level, last = t["network.start"], None
            state, shift = self._begin(level), 0.0
        else:
            state, level, last = t["session_states"][user], t["user_states"][user], int(times[user])
            shift = t["expected"][user] - self._expected(state)  # what is known of the user beside the events
        for item, timestamp in zip(items.tolist(), timestamps.tolist(), strict=True):
            if last is not None and timestamp - last > self.gap:
                level = self._step("user", state @ t["network.user.input"], level)
                state = self._begin(level)
            inputs = t["items"][item] @ t["network.session.input"] + level @ t["network.user_to_session"]
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
