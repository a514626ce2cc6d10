"""The life of a recommender by unmodified programs, boto3 and the aws command; moto's server is Amazon S3."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.data.storage import S3Settings
from pzdecl.engine.store import store
from tests.e2e.wire_life import Boto, Command, Life, live
from tests.engine.http.running import Running, running
from tests.servers import s3

pytest.importorskip("boto3")
pytest.importorskip("moto.server")
pytest.importorskip("torch")
AWS = Path(sys.executable).with_name("aws")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Running, Any]]:
    """A server whose engine has its S3 at an endpoint, and a client of that."""
    import boto3

    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with s3.server() as url, Engine(tmp_path / "engine", s3=S3Settings(endpoint=url)) as engine:
        bucket = boto3.client("s3", endpoint_url=url)
        for one in bucket.list_objects_v2(Bucket=s3.BUCKET).get("Contents", ()):
            bucket.delete_object(Bucket=s3.BUCKET, Key=one["Key"])
        engine.start_worker()
        with running(engine) as server:
            yield server, bucket
            assert " 500 " not in server.log.getvalue()


def test_by_boto3(server: tuple[Running, Any]) -> None:
    live(Life(Boto(server[0].url), server[1], s3.BUCKET))


@pytest.mark.slow
def test_by_the_aws_command(server: tuple[Running, Any]) -> None:
    if not AWS.exists():
        pytest.skip("needs the aws command: pip install awscli")
    live(Life(Command(server[0].url, AWS), server[1], s3.BUCKET, pause=0.5))
