"""What a user sees when something goes wrong, and the exit status that goes with it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.errors import ServiceError, UnavailableException
from pzdecl.errors import Diagnostic, InvalidProject, PzdeclError

if TYPE_CHECKING:
    from pzdecl.cli.session import Session
    from pzdecl.views.run_json import JsonView

USAGE = 64

MACHINE = {"json", "jsonl"}
"""Formats in which an error goes to standard output, as a document."""


def usage(error: Any, session: Session) -> int:
    """A command line that typer could not read."""
    if getattr(error, "message", None):
        error.message = error.message.replace("Value error, ", "")  # which says nothing to a user
    if session.format in MACHINE:
        _say(session, error.format_message(), "run with --help to see what there is", "usage", USAGE)
    else:
        error.show()
    return USAGE


def show(error: BaseException, session: Session) -> int:
    """Writes the error for a person (stderr) or a program (stdout, JSON), and gives the exit status."""
    match error:
        case InvalidProject():
            _diagnostics(error.diagnostics, session)
            return error.exit_status
        case PzdeclError():
            _say(session, error.message, error.hint, type(error).__name__, error.exit_status)
            return error.exit_status
        case ServiceError():
            during = f"{error.operation}: " if error.operation else ""
            # That the target can't be asked is no error of the API: its name would say nothing.
            what = error.message if type(error) is UnavailableException else str(error)
            _say(session, f"{during}{what}", None, error.code, 1)
            return 1
        case OSError():
            name = f"{error.filename}: " if error.filename else ""
            hint = (
                "check its mode and owner, and those of its folder"
                if isinstance(error, PermissionError)
                else None
            )
            _say(session, f"{name}{error.strerror or error}", hint, "OSError", 1)
            return 1
    return _crash(error, session)


def _diagnostics(diagnostics: tuple[Diagnostic, ...], session: Session) -> None:
    from pzdecl.views import diagnostics as view
    from pzdecl.views.words import plural

    match session.format:
        case "json":
            document = {**view.document(diagnostics, session.root), "errored": True}
            sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        case "jsonl":
            events = _events(session)
            for diagnostic in diagnostics:
                events.diagnostic(diagnostic, session.root)
        case "github" | "junit" | "sarif":
            from pzdecl.views.places import in_repository

            base = in_repository(session.root)
            sys.stdout.write(view.in_format(session.format, diagnostics, base=base))
    if session.format not in MACHINE:
        style = session.style(sys.stderr)
        sys.stderr.write(view.render(diagnostics, session.root, style))
        count = sum(d.severity == "error" for d in diagnostics)
        sys.stderr.write(style.paint(f"{plural(count, 'error')}; nothing was changed", "bold") + "\n")


def _say(session: Session, message: str, hint: str | None, code: str, status: int) -> None:
    if session.format == "json":
        found = {"severity": "error", "code": code, "summary": message, "detail": hint or ""}
        document = {"format_version": "1.0", "errored": True, "exit_status": status, "diagnostics": [found]}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    elif session.format == "jsonl":
        _events(session).error(message, hint, code)
    else:
        style = session.style(sys.stderr)
        sys.stderr.write(f"{style.paint('error', 'bold', 'red')}: {message}\n")
        if hint:
            sys.stderr.write(f"  {style.paint('=', 'blue')} hint: {hint}\n")
        if session.format == "github":
            from pzdecl.views.annotations import annotation

            text = f"{message}\nhint: {hint}" if hint else message
            sys.stdout.write(annotation("error", "pzdecl", text) + "\n")


def _events(session: Session) -> JsonView:
    from pzdecl import __version__
    from pzdecl.views.run_json import JsonView

    return session.events or JsonView(sys.stdout, __version__)


def _crash(error: BaseException, session: Session) -> int:
    """An error that nobody foresaw: the traceback goes to a file, and the user is told where."""
    if os.environ.get("PZDECL_DEBUG"):
        traceback.print_exception(error)
        return 1
    text = "".join(traceback.format_exception(error))
    where = _keep(session.root.resolve() / ".pzdecl" / "crash.log", text)
    first = f"{type(error).__name__}: {error}".splitlines()[0]
    hint = (
        f"the traceback is in {where}; please report it"
        if where
        else "run again with PZDECL_DEBUG=1 and report it"
    )
    _say(session, f"this is a bug in pzdecl: {first}", hint, "Bug", 1)
    return 1


def _keep(path: Path, text: str) -> Path | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return path
