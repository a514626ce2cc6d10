"""Which files are manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.manifests.discovery import discover

FILES = [
    "pzdecl.yaml",
    "a.yaml",
    "b.yml",
    "notes.txt",
    "deep/c.yaml",
    "deep/er/d.yml",
    "deep/pzdecl.yaml",
    "ci/x.yaml",
    "ci/more/y.yaml",
    ".github/workflows/z.yml",
    ".pre-commit-config.yaml",
]


@pytest.mark.parametrize(
    ("exclude", "left_out"),
    [
        ([], []),
        (["ci"], ["ci/more/y.yaml", "ci/x.yaml"]),
        (["ci/"], ["ci/more/y.yaml", "ci/x.yaml"]),
        (["ci/**"], ["ci/more/y.yaml", "ci/x.yaml"]),
        (["ci/*"], ["ci/more/y.yaml", "ci/x.yaml"]),
        (["ci/*.yaml"], ["ci/x.yaml"]),
        (["**/*.yml"], ["b.yml", "deep/er/d.yml"]),
        (["*.yml"], ["b.yml"]),
        (["**/pzdecl.yaml"], ["deep/pzdecl.yaml"]),
        (["./a.yaml", "?.yml"], ["a.yaml", "b.yml"]),
        (["[a].yaml"], []),
    ],
)
def test_discover(tmp_path: Path, exclude: list[str], left_out: list[str]) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    visible = [f for f in FILES if not f.startswith(".") and f not in ("pzdecl.yaml", "notes.txt")]
    assert discover(tmp_path, exclude) == sorted(set(visible) - set(left_out))


def test_variable_files_are_no_manifests(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "prod.yaml").write_text("")
    assert discover(tmp_path, (), [tmp_path / "sub" / ".." / "prod.yaml"]) == ["a.yaml"]


def test_a_link_to_nothing_is_a_manifest_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone.yaml")
    (tmp_path / "round.yaml").symlink_to(tmp_path / "round.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "b.yaml").symlink_to(tmp_path / "folder")
    assert discover(tmp_path) == ["a.yaml", "round.yaml"]
