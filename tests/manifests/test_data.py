"""Contents of data, and what is wrong with it, before anything is imported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pzdecl.errors import Diagnostic
from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from pzdecl.manifests.data import check_data, contents, extends, fingerprint
from pzdecl.manifests.model import DataSource
from tests.manifests.projects import DATASET, GROUP, IMPORT, SCHEMA, SOLUTION, write

IMPORTED = Address("DatasetImport", "interactions")
HEADER = "USER_ID,ITEM_ID,TIMESTAMP\n"


@dataclass
class Row:
    """What state holds of an import."""

    data: Mapping[str, Any] | None


def settled(path: Path) -> Path:
    """A file that changed a while ago, as all files have soon."""
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def source(path: Path) -> DataSource:
    return DataSource(path.name, path)


def rows(users: int, each: int) -> str:
    return HEADER + "".join(f"u{u},i{n},{n}\n" for u in range(users) for n in range(each))


def project(root: Path, csv: str | bytes, *more: str) -> Path:
    text = "---\n".join([GROUP, SCHEMA, DATASET, IMPORT, *more])
    return write(root, {"m.yaml": text, "interactions.csv": csv})


def found(root: Path) -> list[Diagnostic]:
    return check_data(load(root))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("A,B\n1,2\n3,4\n", 2),
        ("A,B\n1,2\n3,4", 2),
        ("A,B\r\n1,2\r\n", 1),
        ('A,B\n"1\n2",3\n"x ""y""",4\n', 2),
        ('A,B\n"a \\" b\n",4\n', 1),
        ("A,B\n", 0),
        ("", 0),
    ],
)
def test_a_files_content(tmp_path: Path, text: str, count: int) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    content = fingerprint(tmp_path, source(path))
    assert content is not None
    assert content.as_dict() == {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "bytes": len(text.encode()),
        "rows": count,
    }


def test_a_folders_content(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "more").mkdir(parents=True)
    (folder / "a.csv").write_text("A\n1\n")
    (folder / "more" / "b.csv").write_text("A\n1\n2\n")
    (folder / ".hidden").write_text("x")
    first = fingerprint(tmp_path, source(folder))
    assert first is not None
    assert (first.bytes, first.rows) == (10, 3)
    (folder / ".hidden").write_text("y")
    assert fingerprint(tmp_path, source(folder)) == first
    (folder / "a.csv").rename(folder / "c.csv")
    renamed = fingerprint(tmp_path, source(folder))
    assert renamed is not None
    assert renamed.sha256 != first.sha256


def test_nothing_has_no_content(tmp_path: Path) -> None:
    assert fingerprint(tmp_path, source(tmp_path / "no.csv")) is None
    assert fingerprint(tmp_path, DataSource("s3://bucket/x", None)) is None


def test_the_cache_saves_reading_and_sees_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("A\n1\n")
    first = fingerprint(tmp_path, source(settled(path)))

    def refuse(_: Path) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr("pzdecl.manifests.data._blocks", refuse)
        assert fingerprint(tmp_path, source(path)) == first
    path.write_text("A\n2\n")
    os.utime(path, (1_700_000_001, 1_700_000_001))
    assert fingerprint(tmp_path, source(path)) != first


def test_a_file_that_has_just_changed_is_not_cached(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("A\n1\n")
    first = fingerprint(tmp_path, source(path))
    path.write_text("A\n2\n")
    assert fingerprint(tmp_path, source(path)) != first


@pytest.mark.parametrize("broken", ["", "{", "[]", "null", '{"x": 1}'])
def test_a_broken_cache_is_no_matter(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text("A\n1\n")
    settled(path)
    cache = tmp_path / ".pzdecl/cache/contents.json"
    cache.parent.mkdir(parents=True)
    cache.write_text(broken.replace('"x"', f'"{path}"'))
    assert fingerprint(tmp_path, source(path)) is not None
    assert [one.name for one in cache.parent.iterdir()] == ["contents.json"]


def test_a_cache_that_cannot_be_written_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / ".pzdecl").write_text("a file where the folder should be")
    path = tmp_path / "x.csv"
    path.write_text("A\n1\n")
    assert fingerprint(tmp_path, source(settled(path))) is not None


def test_extends(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("A\n1\n")
    content = fingerprint(tmp_path, source(path))
    assert content is not None
    old = content.as_dict()
    assert not extends(path, old)
    path.write_text("A\n1\n2\n")
    assert extends(path, old)
    path.write_text("A\n3\n2\n")
    assert not extends(path, old)
    assert not extends(tmp_path, old)
    assert not extends(path, {})


def test_contents_say_what_was_appended(tmp_path: Path) -> None:
    root = project(tmp_path, rows(2, 2))
    loaded = load(root)
    first = contents(loaded, {})[IMPORTED]
    assert (first["rows"], first["appended"]) == (4, False)
    row = Row({str(IMPORTED): first})
    assert not contents(loaded, {IMPORTED: row})[IMPORTED]["appended"]
    with (root / "interactions.csv").open("a") as file:
        file.write("u9,i9,9\n")
    again = contents(loaded, {IMPORTED: row})[IMPORTED]
    assert (again["rows"], again["appended"]) == (5, True)
    assert not contents(loaded, {IMPORTED: Row(None)})[IMPORTED]["appended"]


def test_good_data_has_nothing_wrong_and_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path, rows(50, 20), SOLUTION)
    assert found(root) == []

    def refuse(*_: Any) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("pzdecl.engine.data.check.check_csv", refuse)
    assert found(root) == []
    assert check_data(load(root), []) == []


@pytest.mark.parametrize(
    ("csv", "code", "place"),
    [
        (rows(50, 20).replace("u0,i1,1\n", "u0,i1,soon\n", 1), "PZ7003", "interactions.csv:3:7"),
        (rows(50, 20).replace("u0,i1,1\n", ",i1,1\n", 1), "PZ7003", "interactions.csv:3:1"),
        (rows(50, 20).replace("u0,i1,1\n", f"{'u' * 300},i1,1\n", 1), "PZ7003", "interactions.csv:3:1"),
        (HEADER, None, None),
        ("", "PZ7004", None),
        (rows(50, 20).encode() + b"u\xff,i,1\n", "PZ7004", "interactions.csv:1002:1"),
        (rows(50, 19), "PZ7005", "m.yaml:29:30"),
        (rows(2000, 1), "PZ7006", "m.yaml:29:30"),
        (rows(3000, 1) + "".join(f"u{n},i,2\n" for n in range(29)), "PZ7006", "m.yaml:29:30"),
    ],
)
def test_bad_data(tmp_path: Path, csv: str | bytes, code: str | None, place: str | None) -> None:
    problems = found(project(tmp_path, csv, SOLUTION))
    assert problems
    if code:
        assert [one.code for one in problems] == [code], problems
    assert all(one.address == str(IMPORTED) and one.expected for one in problems)
    if place:
        assert str(problems[0].position) == place


@pytest.mark.parametrize(
    "csv",
    [
        rows(50, 20).replace("\n", "\r\n"),
        "\ufeff" + rows(50, 20),
        rows(50, 20).replace("u0,i1,1\n", '"u ""0""","i\n1",1\n'),
    ],
)
def test_unusual_but_good_data(tmp_path: Path, csv: str) -> None:
    assert found(project(tmp_path, csv.encode(), SOLUTION)) == []


def test_a_header_that_does_not_fit(tmp_path: Path) -> None:
    problems = found(project(tmp_path, rows(50, 20).replace("TIMESTAMP", "TIMESTMP", 1)))
    assert {one.code for one in problems} == {"PZ7002"}
    assert "TIMESTAMP" in [one.suggestion for one in problems]
    assert any(one.summary == "the header lacks the column TIMESTAMP" for one in problems)


@pytest.mark.parametrize(
    "text", ["u1,i1,5\n" * 1000, rows(50, 20).replace(",", ";")], ids=["no header", "semicolons"]
)
def test_a_first_line_that_is_no_header_is_one_error(tmp_path: Path, text: str) -> None:
    [problem] = found(project(tmp_path, text))
    assert problem.code == "PZ7002"
    assert "commas" in str(problem.hint)


def test_an_open_quote_is_one_error(tmp_path: Path) -> None:
    [problem] = found(project(tmp_path, rows(50, 20) + 'u,"i,1\n'))
    assert problem.summary == "a quote is opened and never closed"


def test_the_place_of_a_cell_is_its_line_and_column(tmp_path: Path) -> None:
    """As an editor counts, also where quotes hold commas and line breaks."""
    [problem] = found(project(tmp_path, rows(50, 20) + '"u, ""1""","i\n, 1",soon\n'))
    assert str(problem.position) == "interactions.csv:1003:6"


def test_after_many_problems_reading_stops_and_says_so(tmp_path: Path) -> None:
    problems = found(project(tmp_path, "USER_ID,ITEM_ID,TIMESTAMP\n" + "u,i,x\n" * 50))
    assert len(problems) == 20
    assert "there may be more" in str(problems[-1].hint)


def test_a_training_needs_data_that_was_imported_before(tmp_path: Path) -> None:
    """Nothing is to be imported, but another type of event is to be learned from."""
    root = project(tmp_path, rows(2000, 1), SOLUTION)
    version = Address("SolutionVersion", "hrnn")
    assert check_data(load(root), []) == []
    assert [one.code for one in check_data(load(root), [], [version])] == ["PZ7006"]


def test_too_few_users_matter_only_to_training(tmp_path: Path) -> None:
    assert found(project(tmp_path, rows(2000, 1))) == []


def test_a_solution_needs_enough_of_its_own_events(tmp_path: Path) -> None:
    lines = "".join(f"u{n % 100},i{n},{n},{'watch' if n % 4 else 'Click'}\n" for n in range(2000))
    schema = SCHEMA.replace("type: long}\n", "type: long}\n      - {name: EVENT_TYPE, type: string}\n")
    solution = SOLUTION + "  eventType: click\n"
    text = "---\n".join([GROUP, schema, DATASET, IMPORT, solution, SOLUTION.replace("hrnn}", "all}")])
    csv = f"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n{lines}"
    [problem] = found(write(tmp_path, {"m.yaml": text, "interactions.csv": csv}))
    assert (problem.code, problem.address, problem.field) == ("PZ7005", "Solution/hrnn", "spec.eventType")
    assert problem.summary == "the data has 500 interactions of type click"
    assert problem.hint == "the data has Click (500), watch (1500)"
