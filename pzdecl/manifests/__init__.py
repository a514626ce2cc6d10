"""Manifests: YAML files to a project of typed resources. `load` raises InvalidProject with all errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pzdecl.manifests.loading import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from pzdecl.manifests.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
