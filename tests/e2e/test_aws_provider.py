"""Projects whose target is Amazon Personalize, played by `pzdecl serve`: boto3, HTTP and staging in between."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.data.storage import S3Settings
from pzdecl.engine.store import store
from tests.cli.conftest import Cli, cli, starter
from tests.engine.http.running import running

__all__ = ["cli", "starter"]

pytest.importorskip("boto3")
pytest.importorskip("torch")
EXAMPLE = Path(__file__).parents[2] / "examples/movies"
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
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
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


def told(plan: str) -> list[str]:
    """A plan's text without what no two targets share: digests, uploads, how long trainings took."""
    lines = re.sub(r"about \d+ s", "about a second", plan).splitlines()
    return [line for line in lines if " uploads " not in line and "--expect" not in line]


def plans(cli: Cli, home: Path, there: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan of one project, equal for both targets, as JSON; and what is uploaded for one, by address."""
    for form in ("text", "markdown"):
        texts = [cli("-C", one, "plan", "--format", form) for one in (home, there)]
        assert [text.code for text in texts] == [0, 0], texts[1].err
        assert told(texts[1].out) == told(texts[0].out)
    found = []
    for one in (home, there):
        text = cli("-C", one, "plan", "--format", "json").out
        # Versions have names of the service's own choice.
        found.append(json.loads(re.sub(r"(:solution/[^/\"]+/)[0-9a-z-]+", r"\1VERSION", text)))
        del found[-1]["digest"]
        for change in found[-1]["resource_changes"]:
            change.pop("expected_seconds", None)
    uploads = {one["address"]: one.pop("upload") for one in found[1]["resource_changes"] if "upload" in one}
    assert json.dumps(found[1], indent=1, sort_keys=True) == json.dumps(found[0], indent=1, sort_keys=True)
    return found[0], uploads


def test_a_project_lives_on_a_server_as_it_does_at_home(cli: Cli, starter: Path, target: Target) -> None:
    there = aimed(Path(shutil.copytree(starter, starter.with_name("there"))), target.provider())
    _, uploads = plans(cli, starter, there)
    [upload] = uploads.values()
    assert target.objects() == []

    applied = cli("-C", there, "apply", "--auto-approve")
    assert applied.code == 0, applied.err
    assert [f"s3://{name}" for name in target.objects()] == [upload["to"]]
    staged = target.s3 / upload["to"].removeprefix("s3://")
    assert staged.read_bytes() == (there / "data/interactions.csv").read_bytes()
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    states = [json.loads(cli("-C", one, "state", "list", "--format", "json").out) for one in (starter, there)]
    assert states[0]["resources"][0].keys() == states[1]["resources"][0].keys()
    plans(cli, starter, there)
    for command in (("plan", "--detailed-exitcode"), ("drift",)):
        done = cli("-C", there, *command)
        assert done.code == 0, done.out + done.err
    first = [json.loads(cli("-C", one, "recommend", "shop-popular", "--user", "user-1", "--format", "json").out)
             for one in (starter, there)]  # fmt: skip
    assert [one["itemId"] for one in first[0]["itemList"]] == [one["itemId"] for one in first[1]["itemList"]]

    data = there / "data/interactions.csv"
    data.touch()
    assert cli("-C", there, "plan", "--detailed-exitcode").code == 0
    for one in (starter, there):
        with (one / "data/interactions.csv").open("a") as file:
            file.write("user-1,item-1,1700000000,buy\n")
    _, uploads = plans(cli, starter, there)
    assert uploads["DatasetImport/shop-interactions"]["bytes"] == data.stat().st_size
    again = cli("-C", there, "apply", "--auto-approve")
    assert again.code == 0, again.err
    assert len(target.objects()) == 2
    jobs = target.engine.client().list_dataset_import_jobs()["datasetImportJobs"]
    assert [job["status"] for job in jobs] == ["ACTIVE", "ACTIVE"]

    gone = cli("-C", there, "destroy", "--auto-approve")
    assert gone.code == 0, gone.err
    assert target.engine.client().list_dataset_groups()["datasetGroups"] == []


def test_an_examples_plan_is_the_same_wherever_it_is_aimed(cli: Cli, target: Target, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(EXAMPLE, home, ignore=shutil.ignore_patterns("data", ".pzdecl", "__pycache__", "tests"))
    subprocess.run([sys.executable, EXAMPLE / "generate.py", "--out", home / "data"], check=True)
    there = aimed(Path(shutil.copytree(home, tmp_path / "there")), target.provider())
    plan, uploads = plans(cli, home, there)
    assert len(plan["resource_changes"]) > 10
    assert sorted(one["path"] for one in uploads.values()) == [
        "data/interactions.csv",
        "data/items.csv",
        "data/users.csv",
    ]


BATCH = """\
apiVersion: pzdecl/v1
kind: BatchInferenceJob
metadata: {name: nightly}
spec:
  solution: shop-popular
  jobInput: {s3DataSource: {path: users.json}}
  jobOutput: {s3DataDestination: {path: "s3://shop-data/answers/"}}
---
apiVersion: pzdecl/v1
kind: DatasetExport
metadata: {name: copy}
spec:
  dataset: shop-interactions
  ingestionMode: BULK
  jobOutput: {s3DataDestination: {path: "s3://shop-data/copy/"}}
"""


def test_jobs_read_what_is_staged_and_write_to_s3(cli: Cli, starter: Path, target: Target) -> None:
    (starter / "jobs.yaml").write_text(BATCH)
    (starter / "users.json").write_text('{"userId": "user-1"}\n{"userId": "user-2"}\n')
    aimed(starter, target.provider())
    applied = cli("-C", starter, "apply", "--auto-approve")
    assert applied.code == 0, applied.err
    names = [name for name in target.objects() if "/staged/" not in name]
    assert "shop-data/answers/users.json.out" in names
    assert any(name.startswith("shop-data/copy/") for name in names)
    answers = (target.s3 / "shop-data/answers/users.json.out").read_text().splitlines()
    assert [json.loads(line)["input"]["userId"] for line in answers] == ["user-1", "user-2"]
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0


def test_an_account_is_adopted_over_the_wire(cli: Cli, starter: Path, target: Target, tmp_path: Path) -> None:
    aimed(starter, target.provider())
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "pzdecl.yaml").write_text(f"name: other\nprovider: {target.provider()}\n")
    done = cli("-C", other, "adopt", "--all")
    assert done.code == 0, done.err
    recorded = [cli("-C", one, "state", "list").out for one in (starter, other)]
    assert recorded[0] == recorded[1]
    plan = cli("-C", other, "plan", "--detailed-exitcode")
    assert plan.code == 0, plan.out + plan.err


def test_without_a_place_paths_are_the_servers(cli: Cli, starter: Path, target: Target) -> None:
    aimed(starter, target.provider(staging=None))
    done = cli("-C", starter, "apply", "--auto-approve")
    assert done.code == 7
    assert "--data-root" in done.err + done.out


KILLED = """\
import os, signal, sys
from pzdecl.cli.run import run
from pzdecl.providers.staging import Content
def read(self, size=-1):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "while":
    Content.read = read
else:
    from pzdecl.providers.staging import Stager
    stage = Stager.stage
    def staged(self, *arguments):
        stage(self, *arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    Stager.stage = staged
sys.exit(run(["-C", sys.argv[2], "apply", "--auto-approve"]))
"""


@pytest.mark.parametrize(("when", "objects"), [("while", 0), pytest.param("after", 1, marks=pytest.mark.slow)])
def test_an_upload_that_is_killed_is_gone_on_with(
    cli: Cli, starter: Path, target: Target, when: str, objects: int
) -> None:
    aimed(starter, target.provider())
    process = subprocess.run([sys.executable, "-c", KILLED, when, starter], check=False, capture_output=True)
    assert process.returncode == -signal.SIGKILL, process.stderr
    seen = [name for name in target.objects() if not Path(name).name.startswith(".")]
    assert len(seen) == objects
    assert target.engine.client().list_dataset_import_jobs()["datasetImportJobs"] == []
    done = cli("-C", starter, "apply", "--auto-approve")
    assert done.code == 0, done.err
    assert len(target.engine.client().list_dataset_import_jobs()["datasetImportJobs"]) == 1
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0
