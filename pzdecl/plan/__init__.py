"""What would change, why, and the steps that do it: pure functions over readers. Planning cannot write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pzdecl.plan.options import PlanOptions
    from pzdecl.plan.planner import make

__all__ = ["PlanOptions", "make"]


def __getattr__(name: str) -> Any:
    # The planner is loaded at first use: views and apply need the model of a plan alone.
    if name == "make":
        from pzdecl.plan.planner import make

        return make
    if name == "PlanOptions":
        from pzdecl.plan.options import PlanOptions

        return PlanOptions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
