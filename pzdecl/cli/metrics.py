"""`pzdecl metrics`: how good are the trained versions?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, tell, write

if TYPE_CHECKING:
    from pzdecl.views.style import Style

NOTHING = "Nothing is trained yet: run `pzdecl apply`."
UNSEARCHED = "Nothing was searched: set performHPO or performAutoML in a Solution, and run `pzdecl apply`."


def command(
    *,
    compare: Annotated[
        bool, typer.Option("--compare", help="Shows how sure each metric is, and which differences are clear.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="SOLUTION",
            help="Compares with this solution's newest version, or SOLUTION/VERSION; else with popularity.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Also draws metrics and learning curves, as FILE.png or FILE.svg."
        ),
    ] = None,
    trials: Annotated[
        bool, typer.Option("--trials", help="Shows what optimisation and AutoML tried, and what came of it.")
    ] = False,
    format: options.MetricsFormat = "text",
) -> None:
    """Compares the trained versions.

    Offline metrics of every version, the best marked, popularity as the baseline. --compare adds 95% intervals
    over the test users, and says of each version whether it is better, worse or not clearly different.
    """
    if plot is not None:
        _draw(plot, against)
    if trials:
        _tried(format)
    elif compare or against is not None:
        _compare(against, format)
    else:
        _list(format)


def _list(format: str) -> None:
    from pzdecl.views import metrics as view

    _show(view, session().load().metrics(), format, NOTHING)


def _compare(against: str | None, format: str) -> None:
    from pzdecl.views import comparison as view

    _show(view, session().load().compare(against), format, NOTHING)


def _tried(format: str) -> None:
    from pzdecl.views import trials as view

    _show(view, session().load().trials(), format, UNSEARCHED)


class View(Protocol):
    """A module that renders rows of its own kind, with a function a format."""

    def as_json(self, rows: Any, /) -> str:
        """For programs."""

    def markdown(self, rows: Any, /) -> str:
        """For a pull request."""

    def text(self, rows: Any, style: Style, /) -> str:
        """For a terminal."""


def _show(view: View, rows: Sequence[object], format: str, nothing: str) -> None:
    """Writes rows as a view renders them; where there are none, `nothing` says why."""
    if format == "json":
        write(view.as_json(rows))
    elif not rows:
        tell(nothing)
    else:
        write(view.markdown(rows) if format == "markdown" else view.text(rows, session().style(sys.stdout)))


def _draw(file: Path, against: str | None) -> None:
    from pzdecl.views import metrics_plot

    metrics_plot.check(file)
    found = session().load().compare(against)
    if not found:
        tell(NOTHING)
        return
    for written in metrics_plot.draw(found, file):
        tell(f"Wrote {written}")
