"""Models of any size that were never trained: what serving computes takes as long with any numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

HISTORY = 100
"""Events of each user."""
FOLLOWERS = 100
"""Items that the memory keeps of each item."""


def write_random(folder: Path, *, users: int, items: int, hidden: int, seed: int = 0) -> list[str]:
    """The files of an aws-hrnn with random numbers, in `folder`; returns the ids of its users.

    Every user has HISTORY events, and the memory FOLLOWERS items beside each, drawn from all with equal chance.
    """
    import numpy as np

    from pzdecl.engine.serving.blend import COLUMNS, FACTS
    from pzdecl.engine.serving.files import Ids, write_model

    random = np.random.default_rng(seed)

    def some(*shape: int) -> NDArray[Any]:
        return random.standard_normal(shape, np.float32) * np.float32(hidden**-0.5)

    user_ids, item_ids = (
        [f"{kind}{n:07d}" for n in range(count)] for kind, count in (("u", users), ("i", items))
    )
    blend = np.full((len(FACTS), len(COLUMNS)), 0.1, np.float32)
    blend[:, -2], blend[:, -1] = 0, 10  # the facts' bounds
    units = {
        f"network.{level}.{part}": some(*shape)
        for level in ("user", "session")
        for part, shape in (
            ("input", (hidden, 3 * hidden)),
            ("state", (hidden, 3 * hidden)),
            ("input_bias", (3 * hidden,)),
            ("state_bias", (3 * hidden,)),
        )
    }
    tensors = {
        "items": some(items, hidden),
        "bias": some(items),
        "blend": blend,
        "memory_offsets": np.arange(items + 1, dtype=np.int64) * FOLLOWERS,
        "memory_items": random.integers(items, size=(items, FOLLOWERS), dtype=np.int32).ravel(),
        "memory_shares": np.full(items * FOLLOWERS, 1 / FOLLOWERS, np.float32),
        "memory_mass": np.full(items, 10, np.float32),
        "expected": some(users, hidden),
        "history_offsets": np.arange(users + 1, dtype=np.int64) * HISTORY,
        "history_items": random.integers(items, size=users * HISTORY, dtype=np.int32),
        "new_user": np.full(items, 1 / items, np.float32),
        "session_gap": np.array([3600], np.int64),
        "session_states": some(users, hidden),
        "user_states": some(users, hidden),
        "last_times": np.full(users, 1_700_000_000, np.int64),
        "network.start": some(hidden),
        "network.init": some(hidden, hidden),
        "network.init_bias": some(hidden),
        "network.output": some(hidden, hidden),
        "network.output_bias": some(hidden),
        "network.user_to_session": some(hidden, 3 * hidden),
        **units,
    }
    packed = {**Ids.pack("user_ids", user_ids), **Ids.pack("item_ids", item_ids)}
    write_model(folder, {"recipe": "aws-hrnn"}, {**tensors, **packed})
    return user_ids
