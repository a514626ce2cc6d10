"""What holds after a kill, and what holds once the command was run again to its end."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from pzdecl.engine import Engine
from pzdecl.engine.jobs.worker import DEADLY
from pzdecl.kinds import KINDS
from pzdecl.project import load
from tests.crash.process import live
from tests.crash.stages import Stage


def readable(root: Path) -> None:
    """The state can be read, and so can the engine's database: whatever instant the kill was at."""
    with load(root).state() as state:
        (
            state.resources(),
            state.deposed(),
            state.intents(),
            state.failures(),
            state.runs(100),
            state.lock_info(),
        )
    for path in (root / ".pzdecl/state/default.db", root / ".pzdecl/engine/engine.db"):
        if path.exists():
            with closing(sqlite3.connect(path)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path


def settled(root: Path, stage: Stage) -> None:
    """Nothing is lost, orphaned or made twice, and nothing is left to do. Raises AssertionError."""
    readable(root)
    project = load(root)
    for young in (root / ".pzdecl/state").glob("*.new-*"):
        os.utime(young, (0, 0))  # as if the kill had been long ago
    with project.locked(command="check") as state:  # whoever was killed holds up nobody
        rows = state.resources()
        left = (state.deposed(), state.intents(), state.failures())
        assert left == ([], [], {}), f"left in state: {left}"
    there = live(root)
    recorded = {row.arn for row in rows.values()}
    deletable = {arn for kind, arns in there.items() if KINDS[kind].deletable for arn in arns}
    assert deletable == {row.arn for row in rows.values() if row.address.kind in _DELETABLE}, "orphans"
    assert recorded <= {arn for arns in there.values() for arn in arns}, "recorded, but not there"
    assert bool(rows) != stage.destroys
    given_up = _given_up(root)
    versions = [arn for arn in there["SolutionVersion"] if arn not in given_up]
    imports = [arn for arn in there["DatasetImport"] if arn not in given_up]
    assert len(versions) == stage.versions, f"trainings: {versions}"
    assert len(imports) == stage.imports, f"imports: {imports}"
    _files(root, versions)
    if stage.campaign:
        assert project.recommend(stage.campaign, user="u1", item="i1")["itemList"], "no recommendations"
    plan = project.plan(destroy=stage.destroys)
    assert not plan.has_changes, [str(c.address) for c in plan.changes if c.action != "no-op"]
    assert plan.drift == (), plan.drift


_DELETABLE = {name for name, kind in KINDS.items() if kind.deletable}


def _given_up(root: Path) -> set[str]:
    """What failed since too many processes died over it: the next run tries anew, as it should.

    Every other job is finished without an error, and none was queued twice for one thing.
    """
    with closing(sqlite3.connect(root / ".pzdecl/engine/engine.db")) as connection:
        jobs = connection.execute("SELECT arn, kind, state, error FROM jobs").fetchall()
        reasons = connection.execute(
            "SELECT arn, json_extract(body, '$.failureReason') FROM resources"
        ).fetchall()
    deadly = DEADLY.partition("{}")[0]
    failed = {arn: reason for arn, reason in reasons if reason}
    given_up = {arn for arn, reason in failed.items() if reason.startswith(deadly)}
    assert failed.keys() == given_up, f"failed: {failed}"
    assert [job for job in jobs if job[2] != "finished" or job[3]] == []
    trained = Counter(arn for arn, kind, *_ in jobs if kind in ("train", "import"))
    assert set(trained.values()) <= {1}, f"worked on twice: {trained}"
    return given_up


def _files(root: Path, versions: list[str]) -> None:
    """No file in the engine's folder belongs to nothing, and none is half written, once a worker has begun."""
    folder = root / ".pzdecl/engine"
    with Engine(folder) as engine:
        engine.start_worker(scheduled=False)
    models = {"/".join(path.relative_to(folder / "models").parts) for path in (folder / "models").glob("*/*")}
    assert models == {"/".join(arn.split("/")[-2:]) for arn in versions}, f"models: {models}"
    assert [path.name for path in (folder / "staging").glob("*")] == []
    with closing(sqlite3.connect(folder / "engine.db")) as connection:
        parts = {path for (path,) in connection.execute("SELECT path FROM parts")}
    found = {path.relative_to(folder).as_posix() for path in (folder / "datasets").rglob("*") if path.is_file()}
    assert found == parts, found ^ parts
    young = [path.name for path in (root / ".pzdecl").rglob("*") if ".new-" in path.name or ".tmp" in path.name]
    assert young == [], f"half made: {young}"
