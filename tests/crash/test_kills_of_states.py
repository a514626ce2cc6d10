"""Applies killed with SIGKILL whose state is in PostgreSQL or in S3: nothing is lost there either.

The project needs no training, so that a run is short and most of its instants are those of the state.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.kinds import KINDS
from pzdecl.project import load
from tests.bench.projects import write_pzdecl
from tests.crash import process
from tests.servers import postgres, s3

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
KILLS = int(os.environ.get("PZDECL_KILLS", "2"))


@pytest.fixture(scope="module", params=["postgres", "s3"])
def settings(request: pytest.FixtureRequest) -> Iterator[str]:
    """The `state:` of a project file, but for the place in the database or bucket."""
    if request.param == "postgres":
        if postgres.binaries() is None:
            pytest.skip(postgres.MISSING)
        pytest.importorskip("psycopg")
        with postgres.server() as url:
            yield f"type: postgres, url: '{url}', schema"
    else:
        pytest.importorskip("boto3")
        pytest.importorskip("moto")
        with s3.server() as url:
            yield f"type: s3, bucket: {s3.BUCKET}, endpoint: '{url}', region: eu-west-1, key"


def project(root: Path, settings: str) -> Path:
    write_pzdecl(root, 10)
    text = f"name: bench\nprovider: {{type: local}}\nstate: {{{settings}: crash-{uuid.uuid4().hex}}}\n"
    (root / "pzdecl.yaml").write_text(text)
    return root


def test_some_points(settings: str, tmp_path: Path) -> None:
    total = points(tmp_path, settings)
    for last in sorted(random.Random().sample(range(1, total + 1), min(KILLS, total))):
        kill_at(tmp_path, settings, last)


@pytest.mark.slow
def test_every_point(settings: str, tmp_path: Path) -> None:
    for last in range(1, points(tmp_path, settings) + 1):
        kill_at(tmp_path, settings, last)


@pytest.mark.slow
def test_killed_again_and_again(settings: str, tmp_path: Path) -> None:
    """Each apply of the same project is killed a little later than the one before."""
    root = project(tmp_path / "again", settings)
    last = 1
    while process.run(root, last=last):
        last += 1
    settled(root, f"after {last} kills")


def points(scratch: Path, settings: str) -> int:
    root = project(scratch / "whole", settings)
    assert not process.run(root, count=scratch / "points")
    shutil.rmtree(root)
    return int((scratch / "points").read_text())


def kill_at(scratch: Path, settings: str, last: int) -> None:
    root = project(scratch / "killed", settings)
    process.run(root, last=last)
    assert not process.run(root)
    settled(root, f"killed at point {last}")
    shutil.rmtree(root)


def settled(root: Path, when: str) -> None:
    """Everything is there once, and recorded."""
    made = load(root)
    with made.state() as state:
        rows = {row.arn for row in state.resources().values()}
        assert (state.deposed(), state.intents(), state.failures(), state.lock_info()) == ([], [], {}, None), (
            when
        )
    live = {arn for kind, arns in process.live(root).items() if KINDS[kind].deletable for arn in arns}
    assert live == {arn for arn in rows if arn in live}, f"{when}: orphans"
    assert len(rows) == 10, when
    assert not made.plan().has_changes, when
