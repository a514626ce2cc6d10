"""How an apply ended, as text: what was done, what failed, what was skipped and why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from pzdecl.apply.result import Outcome, Run
from pzdecl.plan.model import Action
from pzdecl.views import words
from pzdecl.views.style import PLAIN, Style

LISTED = 20
"""Failures and skipped steps listed by name; more are counted."""


def render(run: Run, command: str, style: Style = PLAIN, *, hints: bool = True) -> str:
    """The summary, ending in a newline. `command` is what resumes the run (`pzdecl apply`)."""
    return "\n".join(_lines(run, command, style, hints)) + "\n"


def done(run: Run) -> str:
    """`3 created, 1 trained, 2 moved` in the summary's order."""
    return words.done(run.counts) or "nothing changed"


def _failed(run: Run) -> str:
    """How many steps failed, and how many a gate held back."""
    held = sum(failure.held for failure in run.failed)
    counts = ((len(run.failed) - held, "failed"), (held, "held back by a gate"))
    return ", ".join(f"{words.plural(count, 'step')} {what}" for count, what in counts if count)


def _lines(run: Run, command: str, style: Style, hints: bool) -> Iterator[str]:
    if run.failed:
        yield style.paint(_failed(run), "bold", "red")
        for failure in run.failed[:LISTED]:
            yield f"  x {style.paint(str(failure.address), 'bold')} ({failure.op}): {failure.message}"
        yield from _more(len(run.failed))
        yield ""
    if run.skipped:
        yield style.paint(f"{words.plural(len(run.skipped), 'step')} skipped", "bold", "yellow")
        for skipped in run.skipped[:LISTED]:
            why = f"because {skipped.because} failed" if skipped.because else skipped.message
            yield f"  - {style.paint(str(skipped.address), 'bold')} ({skipped.op}): {why}"
        yield from _more(len(run.skipped))
        yield ""
    if run.running:
        yield style.paint("Still running", "bold", "yellow")
        for address in run.running:
            yield f"  {words.symbol(Action.TRAIN, style)} {address}"
        yield ""
    text = done(run)
    what = "Destroy" if command.endswith(" destroy") else "Apply"
    took = f" in {words.duration(run.seconds)}"
    match run.outcome:
        case Outcome.DONE:
            yield style.paint(f"{what} complete: {text}{took}.", "bold", "green")
        case Outcome.PARTIAL:
            yield style.paint(f"{what} incomplete: {text}{took}; the rest is above.", "bold", "red")
        case Outcome.RUNNING:
            yield style.paint(f"Not finished at the deadline: {text} so far.", "bold", "yellow")
        case Outcome.INTERRUPTED:
            yield style.paint(
                f"Interrupted: {text}. What was begun goes on from where it is.", "bold", "yellow"
            )
    if hints and run.failed and all(failure.held for failure in run.failed):
        yield "What a gate held back waits for a version that measures up: `pzdecl metrics` lists them."
    elif hints and run.outcome is not Outcome.DONE:
        yield f"Run `{command}` again to go on from here."


def _more(count: int) -> Iterator[str]:
    if count > LISTED:
        yield f"  and {count - LISTED:,} more"
