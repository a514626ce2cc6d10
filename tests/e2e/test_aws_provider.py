"""Projects whose target is Amazon Personalize, played by `pzdecl serve`: boto3, HTTP and staging in between."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.data.storage import S3Settings
from tests.cli.conftest import Cli, cli, starter
from tests.engine.http.running import running

__all__ = ["cli", "starter"]

pytest.importorskip("boto3")
pytest.importorskip("torch")
ROLE = "arn:aws:iam::000000000000:role/data"


@dataclass(frozen=True)
class Target:
    """A server with an engine behind it, and the folder that is its Amazon S3."""

    url: str
    engine: Engine
    s3: Path

    def provider(self, *, staging: str | None = "s3://shop-data/staged", **more: Any) -> str:
        """What a project file says to be about this server."""
        known = {"type": "aws", "endpoint": self.url, "role": ROLE, "s3Root": str(self.s3)}
        return json.dumps({**known, **({"staging": staging} if staging else {}), **more})

    def objects(self) -> list[str]:
        return sorted(p.relative_to(self.s3).as_posix() for p in self.s3.rglob("*") if p.is_file())


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3 = tmp_path / "s3"
    s3.mkdir()
    with Engine(tmp_path / "server", s3=S3Settings(root=s3)) as engine:
        engine.start_worker()
        with running(engine) as server:
            yield Target(server.url, engine, s3)


def aimed(project: Path, provider: str) -> Path:
    """The project with another provider."""
    file = project / "pzdecl.yaml"
    text = file.read_text()
    assert text.count("  type: local") == 1
    head, _, rest = re.split(r"(?m)^(provider:\n(?:  .*\n)+)", text, maxsplit=1)
    file.write_text(f"{head}provider: {provider}\n{rest}")
    return project


def test_a_project_lives_on_a_server_as_it_does_at_home(cli: Cli, starter: Path, target: Target) -> None:
    there = aimed(Path(shutil.copytree(starter, starter.with_name("there"))), target.provider())
    home, away = (cli("-C", one, "plan") for one in (starter, there))
    assert away.code == 0, away.err
    lines = [line for line in away.out.splitlines() if "uploads data/" not in line]
    assert lines == home.out.splitlines()
    print(away.out)
