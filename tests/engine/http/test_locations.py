"""Which paths clients may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.http.locations import DataRoots

IMPORT = ("CreateDatasetImportJobRequest", "personalize")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    (root / "folder").mkdir(parents=True)
    (root / "a.csv").write_text("a")
    (root / "folder" / "b.csv").write_text("b")
    (tmp_path / "data-of-others").mkdir()
    (tmp_path / "secret.csv").write_text("s")
    return root


def allowed(roots: DataRoots, location: object) -> bool:
    try:
        roots.check(*IMPORT, {"dataSource": {"dataLocation": str(location)}})
    except InvalidInputException as error:
        return not ("dataSource.dataLocation" in error.message and "--data-root" in error.message)
    return True


def test_files_and_folders_below_a_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = DataRoots([root])
    for location in (
        root,
        root / "a.csv",
        root / "folder",
        root / "none.csv",
        root / "folder" / ".." / "a.csv",
        f"file://{root}/a.csv",
        f"file://localhost{root}/folder/b.csv",
    ):
        assert allowed(roots, location)
    monkeypatch.chdir(root)
    assert allowed(roots, "a.csv")


def test_everything_else_of_this_machine(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = DataRoots([root])
    for location in (
        "/etc/passwd",
        root.parent,
        root.parent / "secret.csv",
        root.parent / "data-of-others",
        root / ".." / "secret.csv",
        f"file://{root}/../secret.csv",
        f"file://{root}/%2e%2e/secret.csv",
        f"FILE:///{root.parent}/secret.csv",
        f"{root}/a\0.csv",
        "/nowhere/at/all",
    ):
        assert not allowed(roots, location)
    monkeypatch.chdir(root.parent)
    assert not allowed(roots, "secret.csv")
    assert not allowed(roots, "~/secret.csv")


def test_links_are_followed_first(root: Path) -> None:
    roots = DataRoots([root])
    (root / "link.csv").symlink_to(root.parent / "secret.csv")
    (root / "linked").symlink_to(root.parent)
    (root / "loop").symlink_to(root / "loop")
    (root / "inside.csv").symlink_to(root / "a.csv")
    assert not allowed(roots, root / "link.csv")
    assert not allowed(roots, root / "linked" / "secret.csv")
    assert not allowed(roots, root / "loop")
    assert allowed(roots, root / "inside.csv")
    assert not allowed(roots, root), "a folder with a link that leads out"
    assert allowed(roots, root / "folder")


def test_a_root_may_itself_be_a_link(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    assert allowed(DataRoots([link]), link / "a.csv")
    assert allowed(DataRoots([link]), root / "a.csv")


def test_refusals_do_not_tell_what_exists(root: Path) -> None:
    def told(name: str) -> str:
        with pytest.raises(InvalidInputException) as caught:
            DataRoots([root]).check(*IMPORT, {"dataSource": {"dataLocation": f"{root.parent}/{name}"}})
        return caught.value.message.replace(name, "NAME")

    assert told("secret.csv") == told("nothing.csv")


def test_without_roots_no_path_is_allowed(root: Path) -> None:
    assert not allowed(DataRoots([]), root / "a.csv")
    assert not allowed(DataRoots([]), os.curdir)


def test_what_is_no_path_is_left_to_the_engine() -> None:
    for location in ("s3://bucket/key", "https://host/file"):
        assert allowed(DataRoots([]), location)


@pytest.mark.parametrize(
    ("shape", "where"),
    [
        ("CreateBatchInferenceJobRequest", ("jobInput", "s3DataSource", "path")),
        ("CreateBatchInferenceJobRequest", ("jobOutput", "s3DataDestination", "path")),
        ("CreateDatasetExportJobRequest", ("jobOutput", "s3DataDestination", "path")),
        ("CreateDataDeletionJobRequest", ("dataSource", "dataLocation")),
        ("CreateMetricAttributionRequest", ("metricsOutputConfig", "s3DataDestination", "path")),
    ],
)
def test_every_location_of_the_api_is_looked_at(shape: str, where: tuple[str, ...]) -> None:
    value: object = "/etc"
    for part in reversed(where):
        value = {part: value}
    assert isinstance(value, dict)
    with pytest.raises(InvalidInputException, match=".".join(where)):
        DataRoots([]).check(shape, "personalize", value)
