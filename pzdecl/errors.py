"""The errors that pzdecl shows, and the diagnostics they carry.

::

    PzdeclError                      exit 1
    ├── InvalidProject               exit 1   manifests, data or variables are wrong: carries diagnostics
    ├── UsageError                   exit 64  the command line is wrong
    ├── MissingExtra                 exit 1   an optional dependency is not installed
    ├── Refused                      exit 4   a policy, protection or gate refused
    ├── StalePlan                    exit 5   a saved plan no longer fits
    ├── StateLocked                  exit 6   somebody else holds the state's lock
    ├── PartialApply                 exit 7   something failed, the rest was done
    ├── StillRunning                 exit 8   the deadline passed while a resource was busy
    └── Interrupted                  exit 130 stopped by a signal; run again to go on

This module imports nothing of pzdecl: every package may use it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a diagnostic stops a project from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file. `file` is relative to the project's root; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong, in the terms of whoever wrote the manifest.

    code        stable identifier, `PZ` and four digits (the table is in `pzdecl/manifests/codes.py`)
    summary     what is wrong, one line, no full stop
    expected    what would have been right, or None
    suggestion  the nearest valid name, or None
    hint        what to do next, or None
    """

    code: str
    summary: str
    position: Position | None = None
    address: str | None = None
    field: str | None = None
    expected: str | None = None
    suggestion: str | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR


class PzdeclError(Exception):
    """Base of every error that is shown to a user without a traceback."""

    exit_status = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidProject(PzdeclError):
    """Manifests, variables or data are wrong. All that is wrong is in `diagnostics`, sorted by place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(diagnostics, key=_place))
        count = len(self.diagnostics)
        super().__init__(f"{count} error{'' if count == 1 else 's'}")


class UsageError(PzdeclError):
    """The command line, or a call from Python, asks for something that makes no sense."""

    exit_status = 64


class MissingExtra(PzdeclError):
    """An optional dependency is missing: `MissingExtra("torch", "engine")`."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(f"{module} is not installed", hint=f"install it with: pip install 'pzdecl[{extra}]'")


class Refused(PzdeclError):
    """A policy or a protection forbids it."""

    exit_status = 4


class StalePlan(PzdeclError):
    """A saved plan no longer fits the state."""

    exit_status = 5


class StateLocked(PzdeclError):
    """Somebody else is changing the state."""

    exit_status = 6


class PartialApply(PzdeclError):
    """Something failed; the rest was done."""

    exit_status = 7


class StillRunning(PzdeclError):
    """The deadline passed; the next run goes on waiting."""

    exit_status = 8


class Interrupted(PzdeclError):
    """Ctrl-C; the next run goes on."""

    exit_status = 130


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that `name` was probably meant to be, or None."""
    names = list(valid)
    folded = {n.casefold(): n for n in names}
    if name.casefold() in folded:
        return folded[name.casefold()]
    found: Sequence[str] = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return found[0] if found else None


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    at = diagnostic.position or Position("", 0, 0)
    return (at.file, at.line, at.column, diagnostic.code, diagnostic.summary)
