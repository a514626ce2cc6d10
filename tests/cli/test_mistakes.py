"""Mistakes of users: each is told with its place, what was expected, and what to do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl.project import Project
from tests.cli.conftest import Cli


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("minProvisionedTPS: ${var.tps}", f"minProvisionedTPS: {10**25}", ["PZ3005", "at most 2147483647"]),
        (
            "minProvisionedTPS: ${var.tps}",
            "campaignConfig: yes please",
            ["PZ3003", "expected: a mapping with itemExplorationConfig,"],
        ),
        (
            "spec:\n  solution: shop-popular",
            "spec:\n  solution: shop-${var.nope}",
            ["PZ0003", "resource: Campaign/shop-popular"],
        ),
        (
            "name: shop-popular}\nspec:\n  sol",
            'name: "c-${var.x}"}\nspec:\n  sol',
            ["resource: Campaign/c-${var.x}\n"],
        ),
        (
            "name: shop-popular}\nspec:\n  sol",
            "name: c-${var.tps}}\nspec:\n  sol",
            ["PZ1002", 'hint: inside { } and [ ], put text with a placeholder in quotes: "${var.NAME}"'],
        ),
    ],
)
def test_a_wrong_value(old: str, new: str, told: list[str], cli: Cli, starter: Path) -> None:
    path = starter / "recommender.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    answer = cli("-C", starter, "validate")
    assert answer.code == 1
    for words in told:
        assert words in answer.err


def test_a_url_and_a_role_are_asked_for_in_words(cli: Cli, starter: Path) -> None:
    path = starter / "pzdecl.yaml"
    provider = "provider: {type: aws, endpoint: localhost:80, assumeRole: me, staging: /data}"
    path.write_text(re.sub(r"provider:\n  type: local.*", provider, path.read_text()))
    answer = cli("-C", starter, "validate")
    for words in (
        "a URL, such as http://127.0.0.1:8080",
        "arn:aws:iam::ACCOUNT:role/NAME",
        "s3://BUCKET/PREFIX, the bucket's name of 3 to 63 small letters, digits, dots and hyphens",
    ):
        assert f"expected: {words}" in answer.err
    assert "matches ^" not in answer.err


def test_half_an_s3_location(cli: Cli, starter: Path) -> None:
    path = starter / "data.yaml"
    path.write_text(
        path.read_text().replace("dataLocation: data/interactions.csv", "dataLocation: s3:/b/x.csv")
    )
    answer = cli("-C", starter, "validate")
    assert "PZ7001: s3:/b/x.csv is not there" in answer.err
    assert "hint: Amazon S3 is s3://BUCKET/KEY" in answer.err


def test_a_manifest_that_may_not_be_read(cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may read everything, so the file refuses by itself."""
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "recommender.yaml":
            raise PermissionError(13, os.strerror(13), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    monkeypatch.setattr(Path, "read_text", lambda path, *_, **__: refused(path).decode())
    answer = cli("-C", starter, "validate")
    assert answer.code == 1
    assert "PZ1007: the file cannot be read: Permission denied" in answer.err
    assert "--> recommender.yaml:1:1" in answer.err


def test_what_may_not_be_read_is_told_with_what_to_check(
    cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13), "data/interactions.csv")

    monkeypatch.setattr(Project, "plan", refused)
    answer = cli("-C", starter, "plan")
    assert answer.code == 1
    assert "error: data/interactions.csv: Permission denied" in answer.err
    assert "hint: check its mode and owner" in answer.err


def test_a_plan_that_cannot_be_saved(cli: Cli, starter: Path) -> None:
    answer = cli("-C", starter, "plan", "--out", ".")
    assert answer.code == 1
    assert "error: the plan can't be saved as .: Is a directory" in answer.err
    assert "hint: name a file" in answer.err
    assert answer.out == ""


def test_values_of_a_filter_without_a_filter(cli: Cli, starter: Path) -> None:
    answer = cli("-C", starter, "recommend", "shop-popular", "user-1", "--filter-value", "A=b")
    assert answer.code == 64
    assert "name the filter with --filter NAME" in answer.err


def test_what_is_near_is_of_the_same_kind(cli: Cli, starter: Path) -> None:
    answer = cli("-C", starter, "plan", "--allow-destroy", "Dataset/shop")
    assert answer.code == 64
    assert "did you mean Dataset/shop-interactions?" in answer.err


def test_a_server_without_a_project(cli: Cli, tmp_path: Path) -> None:
    answer = cli("-C", tmp_path, "serve", "--port", "0")
    assert answer.code == 64
    assert "--engine DIR" in answer.err


def test_a_target_that_does_not_answer(cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    path = starter / "pzdecl.yaml"
    provider = "provider: {type: aws, endpoint: 'http://127.0.0.1:9', staging: s3://bucket/x}"
    path.write_text(re.sub(r"provider:\n  type: local.*", provider, path.read_text()))
    monkeypatch.setattr("time.sleep", lambda _: None)  # between attempts
    answer = cli("-C", starter, "plan")
    assert answer.code == 1
    assert "http://127.0.0.1:9" in answer.err
    assert "provider.endpoint" in answer.err
    assert "Exception" not in answer.err


def test_what_was_applied_and_is_gone(cli: Cli, starter: Path) -> None:
    pytest.importorskip("torch")
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    state = starter / ".pzdecl" / "state" / "default.db"
    kept = starter / "kept.db"
    shutil.copy(state, kept)
    state.unlink()
    lost = cli("-C", starter, "plan")
    assert "`pzdecl adopt Schema/shop-interactions ARN`" in lost.out
    shutil.copy(kept, state)
    shutil.rmtree(starter / ".pzdecl" / "engine")
    answer = cli("-C", starter, "recommend", "shop-popular", "user-1")
    assert answer.code == 1
    assert "error: Campaign/shop-popular was applied, and is not there any more" in answer.err
    assert "hint: `pzdecl plan`" in answer.err


@pytest.mark.parametrize(("action", "told"), [("trian", "did you mean: train"), ("infer", "found: 0")])
def test_actions_that_a_test_counts(action: str, told: str, cli: Cli, starter: Path) -> None:
    (starter / "a.pztest.yaml").write_text(
        "apiVersion: pzdecl/v1\nkind: Test\nmetadata: {name: t}\nspec:\n  steps:\n"
        f"    - name: a\n      command: plan\n      expect: {{plan: {{counts: {{{action}: 1}}}}}}\n"
    )
    answer = cli("-C", starter, "test")
    assert answer.code == 1
    assert told in answer.out + answer.err
    assert "cannot be" not in answer.err


def test_a_plan_takes_the_place_of_no_other_file(cli: Cli, starter: Path) -> None:
    for name in ("pzdecl.yaml", "data/interactions.csv"):
        before = (starter / name).read_bytes()
        answer = cli("-C", starter, "plan", "--out", name)
        assert answer.code == 1
        assert f"error: {name} is there already, and is no plan" in answer.err
        assert (starter / name).read_bytes() == before
    for name in ("plan.yaml", "data/plan.yml", starter / "plan.yaml"):
        answer = cli("-C", starter, "plan", "--out", name)
        assert answer.code == 1
        assert f"error: {name} would be read as a manifest of this project" in answer.err
    assert cli("-C", starter, "validate").code == 0
    for name in (".pzdecl/plan.yaml", "../plan.yaml", "p.json", "p.json"):
        assert cli("-C", starter, "plan", "--out", name).code == 0


def test_what_is_to_be_typed_next_works_as_it_is_told(
    cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(starter.parent)
    told = cli("-C", "shop", "-e", "prod", "plan", "--out", "my plan").err.splitlines()[-1]
    assert told == "Saved. Carry it out with: pzdecl -C shop -e prod apply 'my plan'"
    assert cli(*shlex.split(told.partition("pzdecl ")[2])).code == 0


def test_drift_of_what_was_never_applied(cli: Cli, starter: Path) -> None:
    for format in ("text", "markdown"):
        answer = cli("-C", starter, "drift", "--format", format)
        assert answer.code == 0
        assert "Nothing was applied yet" in answer.out
        assert "No drift" not in answer.out


def test_models_that_are_gone(cli: Cli, starter: Path) -> None:
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    shutil.rmtree(starter / ".pzdecl" / "engine" / "models")
    told = cli("-C", starter, "metrics", "--compare").out.splitlines()[-1]
    assert told.endswith("`pzdecl apply --retrain Solution/shop-popular` trains it anew.")
    assert cli("-C", starter, "apply", "--auto-approve", "--retrain", "Solution/shop-popular").code == 0
    assert cli("-C", starter, "recommend", "shop-popular", "user-1", "--count", "1").code == 0


@pytest.mark.parametrize(
    ("command", "stream", "status"),
    [
        ("plan", ">&-", 0),
        ("plan", "<&-", 0),
        ("plan", "2>&-", 0),
        ("--version", ">&-", 0),
        ("plan", "> /dev/full", 1),
        ("plan --format json", "> /dev/full", 1),
        ("validate --format json -e nope", "> /dev/full", 1),
        ("--version", "> /dev/full", 1),
    ],
)
def test_standard_streams_that_take_nothing(command: str, stream: str, status: int, starter: Path) -> None:
    if "/dev/full" in stream and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    line = f"{shlex.quote(sys.executable)} -m pzdecl {command} {stream}"
    done = subprocess.run(["sh", "-c", line], cwd=starter, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug in pzdecl" not in done.stderr
    assert not (starter / ".pzdecl" / "crash.log").exists()
    if status:
        assert done.stderr.startswith(
            "error PZ0002:" if "nope" in command else "error: standard output can't be written: No space left"
        )
