from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.manifests.model import StateSettings
from pzdecl.state import State, open_state
from tests.servers import postgres, s3
from tests.state.doctor import Upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "default.db"


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    pytest.importorskip("psycopg")
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """The URL of a server that answers for Amazon S3."""
    pytest.importorskip("boto3")
    pytest.importorskip("moto")
    with s3.server() as url:
        yield url


def settings(kind: str, request: pytest.FixtureRequest) -> StateSettings:
    """A place of this kind where nothing is yet."""
    match kind:
        case "postgres":
            url = request.getfixturevalue("database")
            return StateSettings("postgres", url=url, schema=f"pzdecl/movies/{uuid.uuid4().hex[:8]}")
        case "s3":
            url = request.getfixturevalue("bucket")
            return StateSettings("s3", bucket=s3.BUCKET, key=f"states/{uuid.uuid4().hex}", endpoint=url)
        case _:
            return StateSettings("file", path=request.getfixturevalue("path"))


@pytest.fixture(params=["file", "postgres", "s3"])
def place(request: pytest.FixtureRequest) -> StateSettings:
    """Where a state can be, of every kind."""
    return settings(request.param, request)


@pytest.fixture
def state(place: StateSettings) -> Iterator[State]:
    """A new state, locked."""
    with open_state(place, create=True) as opened, opened.lock(command="test"):
        yield opened


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Upgrade:
    """Makes formats of a pzdecl to come."""
    return Upgrade(monkeypatch)
