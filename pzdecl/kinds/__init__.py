"""The kinds of resources: `KINDS` holds one `Kind` for each, by name.

It is put together at first use, so that whoever needs an `Address` alone does not wait for pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pzdecl.kinds.base import Kind

    KINDS: dict[str, Kind]

__all__ = ["KINDS"]


def __getattr__(name: str) -> Any:
    if name == "KINDS":
        from pzdecl.kinds.registry import KINDS

        return KINDS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
