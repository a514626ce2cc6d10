"""What a process of these tests does: apply a project, and end by SIGKILL at a given point of it.

A point is every instant between two things that outlast a process: before and after each commit of state,
before and after each request that writes. The wrapping is done in the process that is to die; the package has
no switch for it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pzdecl.apply
import pzdecl.providers.local
import pzdecl.state
from pzdecl.apply import Outcome
from pzdecl.engine.errors import ServiceError
from pzdecl.project import load
from pzdecl.state import State, open_state
from tests.apply.mortal import Life, MortalClient, mortal

NEVER = 0
SERVER = multiprocessing.get_context("forkserver")
"""Starts processes quickly, and safely: a fork of this one would find locked what its other threads held."""
SERVER.set_forkserver_preload(["tests.crash.process"])


class Suicide(Life):
    """Really ends the process at its last point."""

    def point(self, name: str) -> None:
        self.points.append(name)
        if len(self.points) == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def start(
    root: Path,
    *,
    last: int = NEVER,
    destroy: bool = False,
    count: Path | None = None,
    allow: Sequence[str] = (),
    refresh_only: bool = False,
) -> Any:
    """Starts a process that applies (or destroys) the project, and is killed at point `last`."""
    credentials = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    process = SERVER.Process(target=_work, args=(root, last, destroy, count, allow, refresh_only, credentials))
    process.start()
    return process


def run(
    root: Path,
    *,
    last: int = NEVER,
    destroy: bool = False,
    count: Path | None = None,
    allow: Sequence[str] = (),
    refresh_only: bool = False,
) -> bool:
    """Runs such a process to its end; whether it was killed. Fails if it ended in any other way.

    `count` is a file that takes the number of points of a whole run; `allow` names what may lose its data;
    `refresh_only` takes into state what moved, and applies nothing.
    """
    process = start(root, last=last, destroy=destroy, count=count, allow=allow, refresh_only=refresh_only)
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), f"exit {process.exitcode}"
    return bool(process.exitcode)


def _work(
    root: Path,
    last: int,
    destroy: bool,
    count: Path | None,
    allow: Sequence[str],
    refresh_only: bool,
    credentials: Mapping[str, str],
) -> None:
    os.environ.update(credentials)  # the server of processes has the environment of its own beginning
    life = Suicide(last)
    open_local = pzdecl.providers.local.open_local

    def open_mortal_state(where: Any, *, create: bool) -> State:
        return mortal(open_state(where, create=create), life)

    def open_mortal_client(folder: Path, **options: Any) -> MortalClient:
        return MortalClient(open_local(folder, **options), life)

    pzdecl.state.open_state = open_mortal_state  # type: ignore[assignment]
    pzdecl.providers.open_local = open_mortal_client  # type: ignore[assignment]
    project = load(root)
    with project.locked(command="destroy" if destroy else "apply"):
        plan = project.plan(destroy=destroy, allow_destroy=allow, refresh_only=refresh_only)
        ended = project.apply(plan)
    if ended.outcome is not Outcome.DONE:
        print(ended.failed, ended.skipped, ended.running)
        os._exit(1)
    if count is not None:
        count.write_text(str(len(life.points)))


def live(root: Path) -> dict[str, list[str]]:
    """What the engine has, by kind: ARNs, sorted."""
    from pzdecl.kinds import KINDS
    from pzdecl.kinds.listing import items

    found: dict[str, list[str]] = {}
    with load(root).client() as client:
        for name, kind in KINDS.items():
            try:
                found[name] = sorted(
                    str(one[kind.operations.arn_key]) for one in items(client, kind.operations)
                )
            except ServiceError:
                found[name] = []
    return found
