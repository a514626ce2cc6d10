"""`pzdecl metrics`: how good are the trained versions?"""

from __future__ import annotations

import sys

from pzdecl.cli import options
from pzdecl.cli.session import session, tell, write


def command(format: options.MetricsFormat = "text") -> None:
    """Compares the trained versions.

    Offline metrics of every version, the best marked, popularity as the baseline.
    """
    from pzdecl.views import metrics as view

    rows = session().load().metrics()
    match format:
        case "json":
            write(view.as_json(rows))
        case _ if not rows:
            tell("Nothing is trained yet: run `pzdecl apply`.")
        case "markdown":
            write(view.markdown(rows))
        case "text":
            write(view.text(rows, session().style(sys.stdout)))
