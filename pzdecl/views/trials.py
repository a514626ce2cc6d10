"""What HPO and AutoML tried: a line for each trial, the best of each recipe marked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pzdecl.engine.training.tuning.trials import Candidate, Trial, Trials
from pzdecl.serving import Measured
from pzdecl.views import table
from pzdecl.views.metrics import heading
from pzdecl.views.style import PLAIN, Style

Searched = Sequence[tuple[Measured, Trials]]


def text(found: Searched, style: Style = PLAIN) -> str:
    """A table for each version."""
    parts = []
    for version, trials in found:
        parts.append(style.paint(_title(version, trials), "bold"))
        for candidate in trials.candidates:
            parts.append(_verdict(trials, candidate))
            if candidate.trials:
                parts.append(table.text(*_cells(trials, candidate), style=style).rstrip("\n"))
        parts.append("")
    return "\n".join(parts)


def markdown(found: Searched) -> str:
    """The same for a pull request."""
    parts = []
    for version, trials in found:
        parts.append(f"### {_title(version, trials)}\n")
        for candidate in trials.candidates:
            parts.append(_verdict(trials, candidate) + "\n")
            if candidate.trials:
                parts.append(table.markdown(*_cells(trials, candidate)))
    return "\n".join(parts)


def as_json(found: Searched) -> str:
    """Everything, also the metrics and validation losses of each trial."""
    versions: list[dict[str, Any]] = [
        {"solution": version.solution, "solution_version": version.version, **asdict(trials)}
        for version, trials in found
    ]
    return json.dumps({"format_version": "1.0", "versions": versions}, indent=2, sort_keys=True) + "\n"


def _title(version: Measured, trials: Trials) -> str:
    return f"{version.solution}/{version.version}: {trials.done} trials by {heading(trials.objective)}"


def _verdict(trials: Trials, candidate: Candidate) -> str:
    if candidate.best is None:
        return f"{candidate.recipe}: not trained. {candidate.reason}"
    value = f"{heading(trials.objective)} {candidate.best.value:.4f}"
    chosen = ", chosen" if len(trials.candidates) > 1 and candidate.recipe == trials.chosen else ""
    return f"{candidate.recipe}: {value}{chosen}"


def _cells(trials: Trials, candidate: Candidate) -> tuple[list[str], list[list[str]], frozenset[int]]:
    names = list(candidate.trials[0].parameters)
    header = ["trial", *names, heading(trials.objective), "seconds", "outcome"]
    rows = [
        [
            str(trial.number + 1),
            *(_plain(trial.parameters[name]) for name in names),
            "-" if trial.value is None else f"{trial.value:.4f}{'*' if trial is candidate.best else ' '}",
            f"{trial.seconds:.1f}",
            _outcome(trial),
        ]
        for trial in candidate.trials
    ]
    return header, rows, frozenset({0, *range(1, len(names) + 3)})


def _outcome(trial: Trial) -> str:
    if trial.state == "pruned":
        return f"given up after {max(trial.losses, default=0) * 10}%"
    return f"failed: {trial.reason}" if trial.state == "failed" else trial.state


def _plain(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
