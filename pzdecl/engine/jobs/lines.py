"""Batch jobs: files of JSON lines in, files of answers out, a block of lines in memory at a time.

For every file NAME of the input there is NAME.out, with a line for every line:

    {"input": {...}, "output": {...}, "error": null}

and, where some lines had no answer, NAME.errors with those alone. `_CHECK` comes last: where it is, all
is there.

A job that was killed goes on after the last block that it noted as written.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.quotas import Quotas
from pzdecl.engine.data.location import data_files
from pzdecl.engine.data.parts import flush
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.progress import Progress
from pzdecl.engine.store.rows import Resource

LONGEST = 1 << 20
"""Bytes of a line; a longer one is no question but a file of another kind."""
NOTED = 1.0
"""Seconds between notes of how far a job is."""
SHOWN = 5
"""Problems that a failureReason lists."""
DONE = "_CHECK"

Asked = Mapping[str, Any]
Outcome = Mapping[str, Any] | str
"""The `output` of a line, or why there is none."""
Answer = Callable[[Sequence[Asked]], Sequence[Outcome]]


@dataclass(slots=True)
class _Note:
    """How far the job is: bytes of the file it is at, and of what it wrote for it; lines of all files.

    `line` is a number in the file, `asked` how many lines of it were not blank.
    """

    file: int = 0
    read: int = 0
    line: int = 0
    out: int = 0
    errors: int = 0
    asked: int = 0
    bytes: int = 0
    lines: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    source: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    asked: Asked | None = None
    problem: str = ""


def run_lines(
    context: Context, resource: Resource, control: Control, answer: Answer, size: int, most: int | None = None
) -> None:
    """Answers all lines of the job's input and delivers the files. Raises JobFailed, StorageError.

    answer  gives an outcome for each of up to `size` lines
    most    lines that a file may have, where a quota says so
    """
    workspace = control.workspace()
    source = context.storage.fetch(resource.body["_source"], workspace / "input", control.check)
    files = _files(source, resource.body["_source"])
    out = workspace / "out"
    note = _noted(workspace, files)
    started, begun = time.monotonic(), note.bytes
    total = sum(path.stat().st_size for _, path in files)
    _check_size(len(files), total, context.quotas)
    while note.file < len(files):
        name, path = files[note.file]
        target = out / f"{name}.out"
        target.parent.mkdir(parents=True, exist_ok=True)
        last = time.monotonic()
        with ExitStack() as stack:
            asked = stack.enter_context(path.open("rb"))
            told = stack.enter_context(_opened(target, note.out))
            failed = stack.enter_context(_opened(out / f"{name}.errors", note.errors))
            asked.seek(note.read)
            while lines := list(_lines(asked, size, note.line)):
                control.check()
                note.asked += len(lines)
                if most is not None and note.asked > most:
                    raise JobFailed(f"{name} has more than {most:,} lines: expected at most so many in a file")
                _write(lines, answer, told, failed, name, note)
                note.bytes += asked.tell() - note.read
                note.read, note.line = asked.tell(), lines[-1].number
                control.report(_progress(note, total, time.monotonic() - started, begun))
                if time.monotonic() - last > NOTED:
                    last = time.monotonic()
                    _keep(workspace, note, told, failed)
            note.file, note.read, note.line, note.out, note.errors = note.file + 1, 0, 0, 0, 0
            note.asked = 0
            _keep(workspace, note, told, failed)
    if note.failed == note.lines:
        raise JobFailed("; ".join(note.problems) or f"There are no lines in {resource.body['_source']}")
    control.check()
    (workspace / DONE).touch()
    context.storage.deliver(
        {**_delivered(out, files), DONE: workspace / DONE}, resource.body["_target"], str(control.job.id)
    )


def _files(source: Path, location: str) -> list[tuple[str, Path]]:
    try:
        found = data_files(source)
    except OSError as error:
        raise JobFailed(f"{location} can't be read: {error.strerror}") from error
    if not found:
        raise JobFailed(f"Invalid Data location. There is no file at {location}")
    return found


def _check_size(files: int, size: int, quotas: Quotas) -> None:
    if quotas.batch_files is not None and files > quotas.batch_files:
        raise JobFailed(f"The input has {files:,} files: expected at most {quotas.batch_files:,}")
    if quotas.batch_bytes is not None and size > quotas.batch_bytes:
        raise JobFailed(f"The input has {size:,} bytes: expected at most {quotas.batch_bytes:,}")


def _delivered(out: Path, files: Sequence[tuple[str, Path]]) -> dict[str, Path]:
    found = {}
    for name, _ in files:
        found[f"{name}.out"] = out / f"{name}.out"
        if (out / f"{name}.errors").stat().st_size:
            found[f"{name}.errors"] = out / f"{name}.errors"
    return found


def _noted(workspace: Path, files: Sequence[tuple[str, Path]]) -> _Note:
    """Where to go on: at the beginning, unless an earlier attempt noted more of the very same files."""
    stats = [(name, path.stat()) for name, path in files]
    source = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats]
    path = workspace / "note.json"
    if path.exists():
        note = _Note(**json.loads(path.read_text(encoding="utf-8")))
        if note.source == source:
            return note
    return _Note(source=source)


def _keep(workspace: Path, note: _Note, *written: BinaryIO) -> None:
    """Notes durably how far the job is, once what it wrote is durable."""
    for file in written:
        file.flush()
        os.fsync(file.fileno())
    draft = workspace / "note.json.tmp"
    draft.write_text(json.dumps(asdict(note)), encoding="utf-8")
    flush(draft)
    os.replace(draft, workspace / "note.json")
    flush(workspace)


def _opened(path: Path, size: int) -> BinaryIO:
    """A file to be written after its first `size` bytes; what stands behind them goes."""
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(size)
    file.seek(size)
    return file


def _lines(file: BinaryIO, size: int, number: int) -> Iterator[_Line]:
    """Up to `size` lines that are not blank, with their numbers."""
    found = 0
    while found < size and (raw := file.readline(LONGEST + 1)):
        number += 1
        if len(raw) > LONGEST:
            raise JobFailed(f"Line {number} of {Path(file.name).name} is longer than {LONGEST:,} bytes")
        if not raw.strip():
            continue
        found += 1
        yield _parsed(number, raw)


def _parsed(number: int, raw: bytes) -> _Line:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
    except UnicodeDecodeError:
        return _Line(number, raw.decode("utf-8", "replace").strip(), problem="the line is not UTF-8")
    try:
        asked = json.loads(text, parse_constant=_none_of_json, parse_float=_finite)
    except (ValueError, RecursionError):
        return _Line(number, text, problem="the line is not valid JSON: expected an object such as " + EXAMPLE)
    if not isinstance(asked, dict):
        return _Line(number, text, problem="the line is no JSON object: expected one such as " + EXAMPLE)
    return _Line(number, text, asked)


def _none_of_json(constant: str) -> float:
    """NaN and Infinity would be echoed, and make the output a file that is not JSON."""
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    found = float(text)
    return found if math.isfinite(found) else _none_of_json(text)


EXAMPLE = '{"userId": "1"}'


def _write(
    lines: Sequence[_Line], answer: Answer, told: BinaryIO, failed: BinaryIO, name: str, note: _Note
) -> None:
    outcomes = iter(answer([line.asked for line in lines if line.asked is not None]))
    for line in lines:
        outcome = line.problem if line.asked is None else next(outcomes)
        shown = line.text if line.asked is None else line.asked
        wrong = outcome if isinstance(outcome, str) else None
        entry = {"input": shown, "output": None if wrong else outcome, "error": wrong}
        note.out += told.write(_dump(entry))
        note.lines += 1
        if wrong:
            note.failed += 1
            note.errors += failed.write(_dump({"line": line.number, "input": shown, "error": wrong}))
            if len(note.problems) < SHOWN:
                note.problems.append(f"{name}, line {line.number}: {wrong}")


def _dump(value: Any) -> bytes:
    # A text may hold half of a surrogate pair, written as \ud800: it goes out as it came in.
    return (json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _progress(note: _Note, total: int, elapsed: float, begun: int) -> Progress:
    share = note.bytes / total if total else 1.0
    rate = (note.bytes - begun) / max(elapsed, 1e-6)
    estimate = note.lines if note.bytes >= total else round(note.lines / max(share, 1e-9))
    left = (total - note.bytes) / rate if rate else None
    return Progress("lines", note.lines, estimate, note.lines * rate / max(note.bytes, 1), left)
