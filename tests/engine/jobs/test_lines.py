"""Batch jobs that are cut short go on where they were, and give the very answers of one that was not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api.quotas import AWS
from pzdecl.engine.jobs import lines
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.lines import Asked, Outcome, run_lines
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.store.rows import Resource


class Killed(BaseException):
    """What nothing catches, as a power failure."""


def job(attempt: int) -> Job:
    return Job(7, "arn", "infer", "group", "token", attempt)


def resource(folder: Path) -> Resource:
    body = {"_source": str(folder / "in"), "_target": str(folder / "out")}
    return Resource("arn", "batch-inference-job", "job", None, body)


def answer(asked: Sequence[Asked]) -> list[Outcome]:
    return [str(one["bad"]) if "bad" in one else {"recommendedItems": [one["userId"]]} for one in asked]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "in/more").mkdir(parents=True)
    for name, count in (("a.json", 23), ("more/b.json", 8), ("empty.json", 0)):
        asked: list[dict[str, Any]] = [{"userId": f"{name} {n}"} for n in range(count)]
        if count > 20:
            asked[3] = {"bad": "wrong"}
        text = "\n\n".join(json.dumps(one) for one in asked)
        (tmp_path / "in" / name).write_text(text, encoding="utf-8")
    return tmp_path


def delivered(folder: Path) -> dict[str, str]:
    out = folder / "out"
    return {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*") if path.is_file()}


def test_quotas_of_files_bytes_and_lines(files: Path) -> None:
    size = sum(path.stat().st_size for path in (files / "in").rglob("*") if path.is_file())

    def run(name: str, most: int | None = None, **figures: int) -> None:
        engine._context.quotas = replace(AWS, **figures)
        control = Control(job(1), files / name)
        run_lines(engine._context, resource(files), control, answer, 3, most)

    assert (AWS.batch_files, AWS.batch_bytes, AWS.batch_lines) == (1000, 2**30, 50_000_000)
    assert AWS.segment_lines == {"aws-item-affinity": 500, "aws-item-attribute-affinity": 10}
    assert AWS.theme_lines == 100
    with Engine(files / "engine") as engine:
        run("fits", batch_files=3, batch_bytes=size, most=23)  # blank lines are none
        for figures, words in (
            ({"batch_files": 2}, "The input has 3 files: expected at most 2"),
            ({"batch_bytes": size - 1}, f"The input has {size:,} bytes: expected at most {size - 1:,}"),
            ({"most": 22}, r"a\.json has more than 22 lines: expected at most so many in a file"),
        ):
            with pytest.raises(JobFailed, match=words):
                run(words[:20].replace(" ", "-"), **figures)


def test_a_killed_job_goes_on_and_answers_the_same(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "NOTED", 0.0)
    with Engine(files / "engine") as engine:
        run_lines(engine._context, resource(files), Control(job(1), files / "whole"), answer, 3)
        whole = delivered(files)
        assert sorted(whole) == [
            "_CHECK", "a.json.errors", "a.json.out", "empty.json.out", "more/b.json.out",
        ]  # fmt: skip
        assert len(whole["a.json.out"].splitlines()) == 23
        for attempt in range(1, 100):
            calls = 0

            def dying(asked: Sequence[Asked]) -> list[Outcome]:
                nonlocal calls
                calls += 1
                if calls > 2:
                    raise Killed
                return answer(asked)

            try:
                control = Control(job(attempt), files / "cut")
                run_lines(engine._context, resource(files), control, dying, 3)
                break
            except Killed:
                # What was written to the file at work after the last note is torn.
                noted = control.workspace() / "note.json"
                if noted.exists() and json.loads(noted.read_text())["file"] == 0:
                    with (control.workspace() / "out/a.json.out").open("ab") as file:
                        file.write(b'{"half')
        assert attempt > 3
        assert delivered(files) == whole


def test_a_changed_input_is_begun_anew(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "NOTED", 0.0)

    def once(asked: Sequence[Asked], seen: list[int] = []) -> list[Outcome]:  # noqa: B006
        seen.append(len(asked))
        if len(seen) > 1:
            raise Killed
        return answer(asked)

    with Engine(files / "engine") as engine:
        with pytest.raises(Killed):
            run_lines(engine._context, resource(files), Control(job(1), files / "cut"), once, 3)
        (files / "in/a.json").write_text('{"userId": "new"}\n')
        run_lines(engine._context, resource(files), Control(job(2), files / "cut"), answer, 3)
    [line] = delivered(files)["a.json.out"].splitlines()
    assert json.loads(line)["input"] == {"userId": "new"}


def test_lines_that_are_none(files: Path) -> None:
    (files / "in/a.json").write_bytes(b'\xff\xfe\n[1]\n{"userId": "\\ud800"}\n')
    with Engine(files / "engine") as engine:
        run_lines(engine._context, resource(files), Control(job(1), files / "w"), answer, 3)
        found = [json.loads(line) for line in delivered(files)["a.json.out"].splitlines()]
        assert ["UTF-8" in (found[0]["error"] or ""), "no JSON object" in (found[1]["error"] or "")] == [
            True
        ] * 2
        assert found[2]["output"] == {"recommendedItems": ["\ud800"]}
        (files / "in/a.json").write_bytes(b"x" * (lines.LONGEST + 2))
        with pytest.raises(JobFailed, match="longer than"):
            run_lines(engine._context, resource(files), Control(job(2), files / "x"), answer, 3)


def test_numbers_that_json_does_not_have(files: Path) -> None:
    wrong = ['{"userId": "a", "x": NaN}', '{"userId": "a", "x": [-Infinity]}', '{"userId": "a", "x": 1e999}']
    (files / "in/a.json").write_text("\n".join([*wrong, '{"userId": "a", "x": 1e9}']))
    with Engine(files / "engine") as engine:
        run_lines(engine._context, resource(files), Control(job(1), files / "w"), answer, 3)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in the output")

    out = [json.loads(one, parse_constant=refuse) for one in delivered(files)["a.json.out"].splitlines()]
    assert [one["input"] for one in out] == [*wrong, {"userId": "a", "x": 1e9}]
    assert ["not valid JSON" in (one["error"] or "") for one in out] == [True, True, True, False]
