"""Runs a command line and turns whatever happens into an exit status."""

from __future__ import annotations

import os
import sys

from pzdecl.cli.session import Session, begin, flush

INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """The exit status. Nothing is raised; see docs/reference/commands.md for the table."""
    import typer
    from typer.exceptions import TyperException

    from pzdecl.cli import failures
    from pzdecl.cli.app import build

    session = begin()
    try:
        status = int(build().main(list(arguments), prog_name="pzdecl", standalone_mode=False) or 0)
        flush()
    except TyperException as error:
        session.format = _asked_format(arguments) or session.format
        status = failures.usage(error, session)
    except typer.Abort:
        sys.stderr.write("\nInterrupted; nothing was changed.\n")
        status = INTERRUPTED
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        give_up_output()
        status = 0
    except SystemExit as closed:
        # typer's own answer to a closed pipe.
        status = closed.code if isinstance(closed.code, int) else 1
    except Exception as error:
        status = _shown(error, session)
    return status


def _shown(error: Exception, session: Session) -> int:
    """Tells of an error; on standard error where standard output, which JSON belongs on, takes nothing."""
    from pzdecl.cli import failures

    try:
        status = failures.show(error, session)
        sys.stdout.flush()
    except OSError:
        give_up_output()
        session.format = "text"
        status = failures.show(error, session)
    return status


def _asked_format(arguments: list[str]) -> str | None:
    """The `--format` of a command line that could not be parsed."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if before == "--format":
            return argument
        if argument.startswith("--format="):
            return argument.removeprefix("--format=")
    return None


def give_up_output() -> None:
    """Standard output takes nothing any more: also not what it holds at interpreter exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
