"""`pzdecl drift`: what moved behind our back."""

from __future__ import annotations

import json
import sys

from pzdecl.cli import options
from pzdecl.cli.session import session, write

DRIFT = 2


def command(format: options.MetricsFormat = "text") -> int:
    """Compares what runs with what was applied.

    Exit 2: something was changed outside of pzdecl.
    """
    plan = session().load().plan()
    match format:
        case "json":
            from pzdecl.views import json_plan

            found = json_plan.document(plan)
            kept = {k: found[k] for k in ("format_version", "project", "environment", "resource_drift")}
            write(json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
        case "markdown":
            from pzdecl.views import drift

            write(drift.markdown(plan))
        case "text":
            from pzdecl.views import drift

            write(drift.text(plan, session().style(sys.stdout)))
    return DRIFT if plan.drift else 0
