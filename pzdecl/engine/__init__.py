"""The built-in engine: Amazon Personalize's API over SQLite, Parquet and PyTorch, in process.

It knows nothing of manifests, plans or state. `Engine` is the way in; importing this package stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pzdecl.engine.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from pzdecl.engine.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
