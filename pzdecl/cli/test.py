"""`pzdecl test`: runs the project's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, tell, write


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Only these, or those in these folders; all unless given."),
    ] = None,
    *,
    format: options.TestFormat = "text",
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="TIME", help="Gives up a step after this long (90s, 30m, 2h)."),
    ] = None,
) -> int:
    """Runs tests (*.pztest.yaml): steps on a scratch engine, and what must hold after each.

    They assert on plans, metrics and recommendations. Nothing that is really there is touched or looked at.
    Exit 1 if a test fails.
    """
    from pzdecl.cli.carry_out import progress_view
    from pzdecl.rehearsal import testfiles, testing
    from pzdecl.views import tests as view
    from pzdecl.views.words import plural

    now = session()
    given = testing.Given(
        now.environment or os.environ.get("PZDECL_ENV") or None,
        now.given_variables(),
        now.var_files,
        options.seconds(timeout, "--timeout") if timeout else None,
    )
    root = now.root.absolute()
    found = testfiles.read(root, testfiles.find(root, files or ()))
    results = []
    for test in found:
        if format == "text":
            tell(f"{test.name}: {plural(len(test.document.spec.steps), 'step')}")
        progress = progress_view()
        try:
            results.append(testing.run(root, test, given, progress))
        finally:
            progress.close()
    match format:
        case "json":
            write(view.as_json(results))
        case "junit":
            from pzdecl.views import tests_junit

            write(tests_junit.render(results))
        case "text":
            write(view.text(results, session().style(sys.stdout)))
    return 0 if all(result.passed for result in results) else 1
