"""How a running job tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` in `unit` ("rows", "epochs"); `rate` is units a second, `eta` seconds left.

    `detail` holds what else is worth a look, such as `{"loss": 5.31}`.
    """

    unit: str
    done: float
    total: float | None = None
    rate: float | None = None
    eta: float | None = None
    detail: Mapping[str, float] = field(default_factory=dict)


Report = Callable[[Progress], None]
