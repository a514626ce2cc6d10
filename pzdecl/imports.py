"""Importing a library without what it would import for conveniences that are not used here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, get_ident
from types import ModuleType

_CHANGING = Lock()


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Lets modules look as if they were not installed, for imports of this thread.

    For libraries that import others only if they are there: sqlite-utils imports pandas, which takes longer
    than all the rest of a command. Modules that are loaded already stay what they are, and what another thread
    imports meanwhile is found.
    """
    absent = _Absent(names)
    # The list is replaced, never changed: another thread's import may be on its way through it, and would leave
    # a finder out where one before it goes.
    with _CHANGING:
        sys.meta_path = [absent, *sys.meta_path]
    try:
        yield
    finally:
        with _CHANGING:
            sys.meta_path = [finder for finder in sys.meta_path if finder is not absent]


class _Absent:
    """A finder that refuses some modules to one thread and knows nothing of others."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)
        self._thread = get_ident()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> None:
        if fullname in self._names and get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not wanted here", name=fullname)
