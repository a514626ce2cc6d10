"""CSV files: what is read, and what is wrong with them, to the line."""

from __future__ import annotations

import csv
import hashlib
import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pzdecl.engine.data import parsing
from pzdecl.engine.data.check import CsvReport, check_csv
from pzdecl.engine.data.problems import CsvProblem
from pzdecl.engine.data.reading import CsvReader
from pzdecl.engine.data.schema import columns
from pzdecl.manifests.data import fingerprint
from pzdecl.manifests.model import DataSource

ITEMS: dict[str, Any] = {
    "type": "record",
    "name": "Items",
    "fields": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TITLE", "type": ["null", "string"]},
        {"name": "YEAR", "type": ["null", "int"]},
        {"name": "PRICE", "type": "float"},
        {"name": "ADULT", "type": ["null", "boolean"]},
        {"name": "CREATION_TIMESTAMP", "type": ["null", "long"]},
    ],
}
HEADER = "ITEM_ID,TITLE,YEAR,PRICE,ADULT,CREATION_TIMESTAMP"
INTERACTIONS: dict[str, Any] = {
    "type": "record",
    "name": "Interactions",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
    ],
}


def _file(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _rows(path: Path, schema: dict[str, Any] = ITEMS) -> list[dict[str, Any]]:
    reader = CsvReader(path, columns(schema))
    rows = [row for block in reader.blocks() for row in block.to_pylist()]
    assert reader.problems == []
    assert reader.rows == len(rows)
    return rows


def _problems(path: Path, schema: dict[str, Any] = ITEMS, kind: str = "ITEMS") -> list[CsvProblem]:
    return list(check_csv(path, schema, kind).problems)


FULL = {
    "ITEM_ID": "1",
    "TITLE": "Alien",
    "YEAR": 1979,
    "PRICE": 2.5,
    "ADULT": True,
    "CREATION_TIMESTAMP": -5,
}


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n1,Alien,1979,2.5,true,-5\n",
        f"{HEADER}\n1,Alien,1979,2.5,true,-5",
        f"{HEADER}\r\n1,Alien,1979,2.5,true,-5\r\n",
        f"\ufeff{HEADER}\n1,Alien,1979,2.5,true,-5\n",
        f'{HEADER}\n"1","Alien","1979","2.5","true","-5"\n',
        f"{HEADER}\n\n1,Alien,1979,2.5,true,-5\n\n",
        "PRICE,CREATION_TIMESTAMP,ITEM_ID,ADULT,YEAR,TITLE\n2.5,-5,1,true,1979,Alien\n",
    ],
    ids=["plain", "no last newline", "crlf", "bom", "quoted", "empty lines", "another order"],
)
def test_forms_of_the_same_row(tmp_path: Path, content: str) -> None:
    assert _rows(_file(tmp_path, content)) == [FULL]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"a,b"', "a,b"),
        ('"a\nb"', "a\nb"),
        ('"a\r\nb"', "a\r\nb"),
        ('"say ""hi"""', 'say "hi"'),
        ('"say \\"hi\\""', 'say "hi"'),
        ('"back\\\\slash"', "back\\slash"),
        ("", None),
        ('""', None),
        ("null", "null"),
        ("NA", "NA"),
        (" x ", " x "),
        ("東京|Ünïcode", "東京|Ünïcode"),
    ],
)
def test_text_cells(tmp_path: Path, cell: str, value: str | None) -> None:
    assert _rows(_file(tmp_path, f"{HEADER}\n1,{cell},,1,,\n"))[0]["TITLE"] == value


def test_types_of_blocks(tmp_path: Path) -> None:
    reader = CsvReader(_file(tmp_path, f"{HEADER}\n1,,,1e3,false,\n"), columns(ITEMS))
    (block,) = reader.blocks()
    assert block.schema.types == [pa.string(), pa.string(), pa.int32(), pa.float32(), pa.bool_(), pa.int64()]
    assert block.schema.names == HEADER.split(",")


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        (",x,1,1,,", "ITEM_ID", "is empty"),
        ("1,x,1,,,", "PRICE", "is empty"),
        ("1,x,1.5,1,,", "YEAR", "'1.5'"),
        ("1,x, 5,1,,", "YEAR", "' 5'"),
        ("1,x,3000000000,1,,", "YEAR", "'3000000000'"),
        ("1,x,1,cheap,,", "PRICE", "'cheap'"),
        ("1,x,1,nan,,", "PRICE", "'nan'"),
        ("1,x,1,1e39,,", "PRICE", "'1e39'"),
        ("1,x,1,1,True,", "ADULT", "'True'"),
        ("1,x,1,1,,1600000000000", "CREATION_TIMESTAMP", "after the year 9999"),
        (
            f"{'é' * 257},x,1,1,,",
            "ITEM_ID",
            "Length cannot be more than 256 characters for ITEM_ID: it has 257",
        ),
        (f"1,{'x' * 1001},1,1,,", "TITLE", "Length cannot be more than 1000 characters for TITLE"),
    ],
)
def test_a_wrong_value_is_found_at_its_line(tmp_path: Path, row: str, field: str, words: str) -> None:
    before = '0,"two\nlines",1,1,,\n\n0,"a ""b""\r\n\r\nc",1,1,,\r\n'
    path = _file(tmp_path, f"{HEADER}\n{before}{row}\n2,x,1,1,,\n")
    (problem,) = _problems(path)
    assert (problem.line, problem.field) == (8, field)
    assert problem.column == HEADER.split(",").index(field) + 1
    assert words in problem.message
    assert problem.expected


def test_the_longest_values_that_fit(tmp_path: Path) -> None:
    rows = _rows(_file(tmp_path, f"{HEADER}\n{'é' * 256},{'x' * 1000},2147483647,1,,253402300799\n"))
    assert len(rows[0]["ITEM_ID"]) == 256


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", None, "the file is empty"),
        (b"\n\nx", 1, "the first line is empty"),
        (HEADER.encode(), None, "no rows"),
        (f"{HEADER}\n".encode(), None, "no rows"),
        (
            b"ITEM_ID,TITLE\n1,x\n",
            1,
            "Input CSV is missing the following columns:[YEAR, PRICE, ADULT, CREATION_TIMESTAMP].",
        ),
        (f"{HEADER},COLOR\n1,,,1,,,red\n".encode(), 1, "no field 'COLOR'"),
        (f"{HEADER},YEAR\n1,,,1,,,2\n".encode(), 1, "YEAR more than once"),
        (b'"ITEM_ID",TITLE,YEAR,PRICE,ADULT,CREATION_TIMESTAMP\n1,,,1,,\n', 1, "in quotes"),
        (f"{HEADER}\n1,,,1,,\n2,caf\xe9,,1,,\n".encode("latin-1"), 3, "not UTF-8: bytes e9 2c 2c 31"),
        (b"\xffITEM_ID\n1\n", 1, "the header is not UTF-8"),
        (b"PAR1\x00\x15\x04\n", 1, "zero byte"),
        (f"{HEADER}\n1,,,1,,\n2,,,1,\n3,,,1,,,\n".encode(), 3, "the row has 5 fields, the header has 6"),
        (f'{HEADER}\n1,,,1,,\n2,"open,,1,,\n3,,,1,,\n'.encode(), 3, "never closed"),
    ],
)
def test_a_wrong_file(tmp_path: Path, content: bytes, line: int | None, words: str) -> None:
    problems = _problems(_file(tmp_path, content))
    assert any(found.line == line and words in found.message for found in problems), problems


def test_a_misspelt_column_is_recognised(tmp_path: Path) -> None:
    path = _file(tmp_path, f"{HEADER.replace('TITLE', 'TITEL')}\n1,,,1,,\n")
    assert any("did you mean TITLE?" in found.expected for found in _problems(path))


def test_an_open_quote_in_a_large_file(tmp_path: Path) -> None:
    rows = "".join(f"{number},title {number},1999,1.5,true,\n" for number in range(300_000))
    path = _file(tmp_path, f'{HEADER}\nx,"open,1,1,,\n{rows}')
    assert any(found.line == 2 and "never closed" in found.message for found in _problems(path))


def test_all_that_is_wrong_comes_out_by_line_up_to_the_limit(tmp_path: Path) -> None:
    rows = "".join(f"{number},x,{'bad' if number % 2 else '1'},1,,\n" for number in range(100_000))
    path = _file(tmp_path, f"{HEADER}\n{rows}")
    found = check_csv(path, ITEMS, "ITEMS", limit=5).problems
    assert [problem.line for problem in found] == [3, 5, 7, 9, 11]
    mixed = _file(tmp_path, f"{HEADER}\n,x,a,b,c,d\n1,x,1,1,,\n2,x\n3,x,z,1,,\n", "mixed.csv")
    assert [(p.line, p.field) for p in _problems(mixed)] == [
        (2, "ITEM_ID"),
        (2, "YEAR"),
        (2, "PRICE"),
        (2, "ADULT"),
        (2, "CREATION_TIMESTAMP"),
        (4, None),
        (5, "YEAR"),
    ]


def test_prose_is_cleaned_and_cut(tmp_path: Path) -> None:
    schema = {**ITEMS, "fields": [ITEMS["fields"][0], {"name": "TEXT", "type": "string", "textual": True}]}
    path = _file(tmp_path, f'ITEM_ID,TEXT\n1,"<b>bold</b>\nand plain"\n2,{"x" * 30_000}\n')
    rows = _rows(path, schema)
    assert rows[0]["TEXT"] == " bold  and plain"
    assert len(rows[1]["TEXT"]) == 20_000


def test_counts_of_interactions(tmp_path: Path) -> None:
    rows = [f"u{number % 700},i,{number},{'buy' if number % 3 == 0 else 'view'}" for number in range(1000)]
    path = _file(tmp_path, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + "\n".join(rows))
    report = check_csv(path, INTERACTIONS, "INTERACTIONS")
    content = path.read_bytes()
    assert report == CsvReport(
        rows=1000,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        event_types={"buy": 334, "view": 666},
        users=700,
        users_with_two=300,
    )
    fewer = _file(tmp_path, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + "\n".join(rows[:-1]), "fewer.csv")
    (problem,) = check_csv(fewer, INTERACTIONS, "INTERACTIONS").problems
    assert problem.line is None
    assert "999 interactions, fewer than 1000" in problem.message


@pytest.mark.parametrize("quoted", [False, True])
def test_a_type_of_event_has_256_characters_at_most(tmp_path: Path, quoted: bool) -> None:
    """As in PutEvents; however the file is read."""
    rows = [f"u{number % 70},i,{number},{'é' * 256}" for number in range(1000)]
    rows.insert(500, f"u,{'' if not quoted else chr(34)}i{'' if not quoted else chr(34)},5,{'é' * 257}")
    path = _file(tmp_path, "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + "\n".join(rows))
    (problem,) = check_csv(path, INTERACTIONS, "INTERACTIONS").problems
    assert (problem.line, problem.field) == (502, "EVENT_TYPE")
    assert problem.message == "Length cannot be more than 256 characters for EVENT_TYPE: it has 257"


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "items"
    (folder / "deep").mkdir(parents=True)
    for name, number in (("b.csv", 1), ("deep/a.csv", 2), (".hidden", 3)):
        _file(folder, f"{HEADER}\n{number},,,1,,\n", name)
    report = check_csv(folder, ITEMS, "ITEMS")
    assert (report.rows, report.problems) == (2, ())
    _file(folder, f"{HEADER}\nx,,,1,,\n", "deep/a.csv")
    assert check_csv(folder, ITEMS, "ITEMS").sha256 != report.sha256
    _file(folder, f"{HEADER}\nx,,old,1,,\n", "deep/a.csv")
    (problem,) = check_csv(folder, ITEMS, "ITEMS").problems
    assert (problem.file, problem.line) == ("deep/a.csv", 2)
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (empty, tmp_path / "none"):
        (problem,) = check_csv(path, ITEMS, "ITEMS").problems
        assert "Invalid Data location" in problem.message


def test_both_sides_know_a_folder_by_the_same_digest(tmp_path: Path) -> None:
    folder = tmp_path / "items"
    (folder / "a").mkdir(parents=True)
    for number, name in enumerate(("a.csv", "a/b.csv", ".hidden")):
        _file(folder, f"{HEADER}\n{number},,,1,,\n", name)
    content = fingerprint(tmp_path, DataSource("items", folder))
    assert content
    assert content.sha256 == check_csv(folder, ITEMS, "ITEMS").sha256


def test_lines_agree_with_records_in_random_files(tmp_path: Path) -> None:
    draw = random.Random(7)
    for turn in range(20):
        lines, line = [HEADER], 2
        wrong: list[int] = []
        for number in range(200):
            cell = draw.choice(["plain", '"quo""ted"', '"new\nline"', '"two\n\nlines"', '"esc\\"aped"', ""])
            bad = draw.random() < 0.03
            if bad and len(wrong) < 20:
                wrong.append(line)
            lines.append(f"{number},{cell},{'bad' if bad else 7},1,,")
            line += 1 + cell.count("\n")
            if draw.random() < 0.05:
                lines.append("")
                line += 1
        path = _file(tmp_path, "\n".join(lines) + "\n", f"{turn}.csv")
        assert [problem.line for problem in _problems(path)] == wrong


@pytest.mark.parametrize("piece", [24, 70, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_pieces_and_the_stream_after_the_first_quote_are_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, end: str
) -> None:
    monkeypatch.setattr(parsing, "PIECE", piece)
    monkeypatch.setattr(parsing, "LINE_MAX", 4 * piece)
    draw = random.Random(piece)
    for turn in range(12):
        rows = []
        for number in range(60):
            title = draw.choice(["plain", "two words", "", "東京"])
            if turn % 3 and number > 5 * turn:
                title = draw.choice([title, '"quo""ted"', '"esc\\"aped"'])
            rows.append(
                f"{number},{title},{draw.choice(['', number])},{number / 4},{draw.choice(['', 'true'])},"
            )
            rows += [""] * (draw.random() < 0.1)
        content = end.join([HEADER, *rows]) + (end if turn % 2 else "")
        found = _rows(_file(tmp_path, content, f"{turn}.csv"))
        expected = list(csv.DictReader(io.StringIO(content, newline=""), escapechar="\\"))
        assert [row["TITLE"] or "" for row in found] == [row["TITLE"] for row in expected]
        assert [str(row["YEAR"] or "") for row in found] == [row["YEAR"].lstrip("0") for row in expected]
        assert [row["PRICE"] for row in found] == [float(row["PRICE"]) for row in expected]
        assert [row["ADULT"] for row in found] == [bool(row["ADULT"]) or None for row in expected]


def test_problems_before_and_after_the_first_quote_have_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "PIECE", 64)
    rows = [f"{number},x,{'bad' if number in (7, 40, 90) else number},1,," for number in range(100)]
    rows[20], rows[60], rows[70] = "20,ragged", '60,"two\nlines",1,1,,', "70,nan,1,nan,,"
    path = _file(tmp_path, f"{HEADER}\n" + "\n".join(rows) + "\n")
    assert [(problem.line, problem.field) for problem in _problems(path)] == [
        (9, "YEAR"),
        (22, None),
        (42, "YEAR"),
        (73, "PRICE"),
        (93, "YEAR"),
    ]
