"""A job's progress in words: `3 / 10 epochs, 1.2/s, loss 5.31, 6 s left`."""

from __future__ import annotations

from pzdecl.engine.progress import Progress
from pzdecl.views.words import duration


def amount(progress: Progress) -> str:
    """`3 / 10 epochs`, `12,000 rows`."""
    if progress.total:
        return f"{progress.done:,.0f} / {progress.total:,.0f} {progress.unit}"
    return f"{progress.done:,.0f} {progress.unit}"


def rate(progress: Progress) -> str:
    """`1,200 rows/s`; empty where unknown."""
    if not progress.rate:
        return ""
    digits = 0 if progress.rate >= 10 else 2
    return f"{progress.rate:,.{digits}f} {progress.unit}/s"


def detail(progress: Progress) -> str:
    """`loss 5.31, validation loss 5.02`: the loss of now first, at most two figures. `candidate 2 of 3`."""
    figures = dict(progress.detail)
    totals = {name: figures.pop(f"{name}s") for name in progress.detail if f"{name}s" in progress.detail}
    order = sorted(figures.items(), key=lambda item: (item[0] != "loss", -len(item[0]), item[0]))
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}" + (f" of {totals[name]:.4g}" if name in totals else "")
        for name, value in order[:2]
    )


def left(progress: Progress) -> str:
    """`6 s left`; empty where unknown. What is counted has an end: measuring and saving come after it."""
    if progress.total and progress.done >= progress.total:
        return "finishing"
    return f"{duration(progress.eta)} left" if progress.eta is not None else ""


def sentence(progress: Progress) -> str:
    """All of it in one line."""
    return ", ".join(filter(None, (amount(progress), rate(progress), detail(progress), left(progress))))
