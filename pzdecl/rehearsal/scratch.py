"""A folder below `.pzdecl/scratch` that lives as long as its command: swept by the next one after a kill."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from pzdecl.manifests.model import Project as Declared
from pzdecl.manifests.model import ProviderSettings, StateSettings
from pzdecl.process import Process, this_process
from pzdecl.project import Project

FOLDER = Path(".pzdecl", "scratch")
_OWNER = "owner.json"
_UNOWNED = 600.0
"""Seconds after which a folder without an owner is nobody's: one that is just being made has none yet."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where to try things: `engine` and `state` are not there before something is put there."""

    folder: Path

    @property
    def engine(self) -> Path:
        """The engine's folder."""
        return self.folder / "engine"

    @property
    def state(self) -> Path:
        """The state's file."""
        return self.folder / "state.db"

    def project(self, declared: Declared) -> Project:
        """The project, with this engine and this state in place of its own."""
        provider = ProviderSettings("local", self.engine)
        return Project(replace(declared, provider=provider, state=StateSettings("file", self.state)))


@contextmanager
def scratch(root: Path) -> Iterator[Scratch]:
    """A scratch folder of the project in `root`, gone when the block ends: also on Ctrl-C and SIGTERM."""
    above = root / FOLDER
    sweep(above)
    folder = above / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    (above / ".gitignore").write_text("*\n", encoding="utf-8")
    try:
        (folder / _OWNER).write_text(json.dumps(this_process()), encoding="utf-8")
        with _terminated_as_interrupted():
            yield Scratch(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(above: Path) -> None:
    """Removes what killed processes left. What a living one works in, or may work in, stays."""
    for folder in above.iterdir() if above.is_dir() else ():
        if folder.is_dir() and _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        return Process(*json.loads((folder / _OWNER).read_text("utf-8"))).is_gone()
    except (OSError, ValueError, TypeError):
        try:
            return time.time() - folder.stat().st_mtime > _UNOWNED
        except OSError:
            return False


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt as Ctrl-C does, so that the folder is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  the signature of a handler
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former if former is not None else signal.SIG_DFL)
