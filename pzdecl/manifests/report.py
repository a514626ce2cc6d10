"""Collecting what is wrong, so that all of it comes out in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from pzdecl.errors import Diagnostic, InvalidProject, Position, Severity

_SECRET_PLACE = "PZ0007"
"""A sensitive value in a name, a key or a path: telling its resource or field would tell the value."""

_HARMLESS = (_SECRET_PLACE,)
"""Codes whose messages never hold a value."""


class Spot(NamedTuple):
    """A field of a resource, and where it is written."""

    position: Position | None
    address: object
    field: str


class Report:
    """Gathers diagnostics. A place known to be bad is reported once: what follows from it is dropped."""

    def __init__(self) -> None:
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self._bad: set[Position] = set()
        self._secret: set[Position] = set()

    def add(
        self,
        code: str,
        summary: str,
        at: Position | Spot | None = None,
        *,
        address: object = None,
        field: str | None = None,
        expected: str | None = None,
        suggestion: str | None = None,
        hint: str | None = None,
        warning: bool = False,
    ) -> None:
        """Adds one diagnostic, unless its place is marked as bad."""
        if isinstance(at, Spot):
            position, address, field = at
        else:
            position = at
        if position in self._bad:
            return
        if position in self._secret and code not in _HARMLESS:
            # What is wrong would be told with the value.
            summary, suggestion, hint = "a sensitive value does not fit here", None, None
        name = None if address is None else str(address)
        severity = Severity.WARNING if warning else Severity.ERROR
        found = Diagnostic(code, summary, position, name, field, expected, suggestion, hint, severity)
        (self.warnings if warning else self.errors).append(found)

    def complete(self, first: int, address: object, field_at: Callable[[Position], str | None]) -> None:
        """Adds resource and field to errors, from number `first` on, that were found without knowing them."""
        for index, found in enumerate(self.errors[first:], first):
            if found.address is None and found.position is not None and found.code != _SECRET_PLACE:
                self.errors[index] = replace(
                    found,
                    address=None if address is None else str(address),
                    field=field_at(found.position) or found.field,
                )

    def blames(self, spot: Spot) -> bool:
        """Whether there is an error already about this field, at this place."""
        name = str(spot.address)
        return any(
            one.position == spot.position and one.address == name and one.field == spot.field
            for one in self.errors
        )

    def mark_bad(self, position: Position) -> None:
        """Whatever else is found at this very place follows from an error that is already reported."""
        self._bad.add(position)

    def mark_secret(self, position: Position) -> None:
        """The value at this place is sensitive: no error may show it."""
        self._secret.add(position)

    def raise_errors(self) -> None:
        """Raises InvalidProject if there is any error."""
        if self.errors:
            raise InvalidProject(dict.fromkeys(self.errors))
