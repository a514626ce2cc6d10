"""What one run of the command line knows beside its command: where, which environment, how to show things."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pzdecl.project import Project
    from pzdecl.views.run_json import JsonView
    from pzdecl.views.style import Style


@dataclass
class Session:
    """Filled by the global options, read by commands and by the error handler."""

    root: Path = field(default_factory=lambda: Path("."))
    directory: str | None = None
    """What `-C` gave: where the user who types the next command may not be."""
    environment: str | None = None
    color: bool = True
    format: str = "text"
    variables: list[str] = field(default_factory=list)
    var_files: list[Path] = field(default_factory=list)
    events: JsonView | None = None
    """What writes JSON lines, once something does."""
    command: str = "pzdecl"

    def style(self, stream: TextIO) -> Style:
        """Colour for terminals (NO_COLOR, FORCE_COLOR, TERM=dumb, --no-color), symbols where they fit."""
        from pzdecl.views.style import Style

        forced = bool(os.environ.get("FORCE_COLOR"))
        refused = not self.color or bool(os.environ.get("NO_COLOR"))
        able = stream.isatty() and os.environ.get("TERM") != "dumb"
        encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
        return Style(color=not refused and (forced or able), unicode=encoding.startswith("utf"))

    @property
    def automated(self) -> bool:
        """PZDECL_IN_AUTOMATION: leave out hints about what to type next."""
        return bool(os.environ.get("PZDECL_IN_AUTOMATION"))

    @property
    def interactive(self) -> bool:
        """Whether a question could be asked: somebody sits at a terminal and nothing says otherwise."""
        return sys.stdin.isatty() and not self.automated and not os.environ.get("CI")

    def again(self, *arguments: str) -> str:
        """A command to type next, with the `-C` and `-e` of this one, fit for a shell."""
        import shlex

        where = ["-C", self.directory] if self.directory else []
        environment = ["-e", self.environment] if self.environment else []
        return shlex.join(["pzdecl", *where, *environment, *arguments])

    def given_variables(self) -> dict[str, str]:
        """What `--var` gives, by name. Raises UsageError."""
        from pzdecl.errors import UsageError

        given: dict[str, str] = {}
        for text in self.variables:
            name, equals, value = text.partition("=")
            if not (equals and name):
                raise UsageError(f"--var {text!r} has no value", hint="expected --var name=value")
            given[name] = value
        return given

    def load(self, environment: str | None = None) -> Project:
        """The project in the working directory, in the asked-for environment unless another one is named.

        Raises InvalidProject, UsageError.
        """
        from pzdecl.project import load

        project = load(
            self.root,
            environment=environment or self.environment or os.environ.get("PZDECL_ENV") or None,
            variables=self.given_variables(),
            var_files=self.var_files,
        )
        # Modules and manifests stay until the end: `__main__` put off looking for garbage until they are there.
        gc.freeze()
        gc.enable()
        return project


_current = Session()


def session() -> Session:
    """The running command's session."""
    return _current


def begin() -> Session:
    """A fresh session for a new command line."""
    global _current  # noqa: PLW0603  one process runs one command line at a time
    _current = Session()
    return _current


def write(text: str) -> None:
    """A result, to standard output. Raises PzdeclError where that can't be written, as on a full disk."""
    with _telling():
        sys.stdout.write(text)


def flush() -> None:
    """Has standard output take what was written. Raises PzdeclError."""
    with _telling():
        sys.stdout.flush()


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        from pzdecl.errors import PzdeclError

        what = f"standard output can't be written: {error.strerror}"
        raise PzdeclError(what, hint="free some space where it goes, or send it elsewhere") from None


def tell(text: str) -> None:
    """Everything that is not the result, to standard error."""
    sys.stderr.write(text + "\n")
