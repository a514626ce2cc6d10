"""What differs from a Git revision."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pzdecl.errors import UsageError
from pzdecl.manifests import load
from pzdecl.manifests.changed import changed_since
from tests.shop import data

GROUP = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata:
  name: {name}
  tags: {{team: {team}}}
spec: {{}}
"""
COLUMNS = {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"}
SCHEMA = data("ratings", COLUMNS, group="one", file="../data/ratings.csv")


@pytest.fixture(autouse=True)
def _a_git_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the repository of a hook that runs the tests, nor anybody's hooks, ignored files and language."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("LC_ALL", "C")


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project below the root of its repository, committed and tagged."""
    root = tmp_path / "infra"
    (root / "manifests").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "pzdecl.yaml").write_text("name: shop\n")
    (root / "manifests" / "one.yaml").write_text(GROUP.format(name="one", team="a"))
    (root / "manifests" / "two.yaml").write_text(
        "---\n".join(GROUP.format(name=name, team="a") for name in ("two", "three"))
    )
    (root / "manifests" / "data.yaml").write_text(SCHEMA)
    (root / "data" / "ratings.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "tag", "v1")
    return root


def changed(root: Path, revision: str = "v1") -> list[str]:
    return sorted(str(address) for address in changed_since(load(root), revision))


def test_nothing_changed(root: Path) -> None:
    assert changed(root) == []


def test_one_document_of_a_file_and_one_that_is_new(root: Path) -> None:
    file = root / "manifests" / "two.yaml"
    file.write_text(
        "# moved down\n\n"
        + file.read_text().replace("name: three\n  tags: {team: a}", "name: three\n  tags: {team: b}")
    )
    (root / "manifests" / "new.yaml").write_text(GROUP.format(name="new", team="a"))
    assert changed(root) == ["DatasetGroup/new", "DatasetGroup/three"]


def test_committed_changes_and_removed_documents_count(root: Path) -> None:
    (root / "manifests" / "two.yaml").unlink()
    git(root, "commit", "-qam", "second")
    assert changed(root) == ["DatasetGroup/three", "DatasetGroup/two"]
    assert changed(root, "HEAD") == []


def test_changed_data_count_for_their_import(root: Path) -> None:
    (root / "data" / "ratings.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\nu,i,2\n")
    assert changed(root) == ["DatasetImport/ratings"]


def test_the_project_file_may_change_everything(root: Path) -> None:
    (root / "pzdecl.yaml").write_text("name: shop\nvariables:\n  x: {type: string, default: a}\n")
    assert len(changed(root)) == 6


def test_an_unknown_revision_and_no_repository_are_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="changed-since:v9: there is no revision v9"):
        changed(root, "v9")
    subprocess.run(["rm", "-rf", str(tmp_path / ".git")], check=True)
    with pytest.raises(UsageError, match="not a git repository"):
        changed(root)
