"""The runs that changed a state, newest first."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pzdecl.state.model import RunRecord
from pzdecl.views import table, words
from pzdecl.views.style import PLAIN, Style
from pzdecl.views.words import duration


def text(runs: Sequence[RunRecord], style: Style = PLAIN) -> str:
    """A line for each run, in the reader's own time zone."""
    header = ["started", "took", "who", "command", "outcome", "done"]
    rows = [
        [
            run.started.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            duration((run.ended - run.started).total_seconds()) if run.ended else "-",
            run.who,
            run.command,
            run.outcome or "running",
            words.done(run.counts) or "-",
        ]
        for run in runs
    ]
    return table.text(header, rows, frozenset({1}), style)


def as_json(runs: Sequence[RunRecord]) -> str:
    """Everything that is kept of each run."""
    found = [
        {
            "id": run.id,
            "command": run.command,
            "who": run.who,
            "started": run.started.isoformat(),
            "ended": run.ended.isoformat() if run.ended else None,
            "outcome": run.outcome,
            "counts": dict(run.counts),
            "plan": run.plan,
        }
        for run in runs
    ]
    return json.dumps({"format_version": "1.0", "runs": found}, indent=2) + "\n"
