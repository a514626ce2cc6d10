"""Scratch folders and samples: gone on every ending, and the same each time."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl.engine.copying import copy_engine
from pzdecl.rehearsal.sampling import beginning, pick, place, sample
from pzdecl.rehearsal.scratch import FOLDER, scratch

HOLD = """
import signal, sys, time
from pathlib import Path
from pzdecl.rehearsal.scratch import scratch
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a test run in the background starts ignores it
with scratch(Path(sys.argv[1])) as here:
    (here.folder / "big").write_text("x")
    print(here.folder, flush=True)
    time.sleep(600)
"""


def held(root: Path, number: int) -> Path:
    """The folder of a process that a signal has ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True, stderr=-3
    )
    assert process.stdout
    folder = Path(process.stdout.readline().strip())
    assert (folder / "big").exists()
    process.send_signal(number)
    process.wait()
    process.stdout.close()
    return folder


def test_it_is_gone_on_every_ending(tmp_path: Path) -> None:
    with scratch(tmp_path) as here:
        folder = here.folder
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(ZeroDivisionError), scratch(tmp_path) as here:
        _ = 1 / 0
    for number in (signal.SIGINT, signal.SIGTERM):
        assert not held(tmp_path, number).exists()
    left = held(tmp_path, signal.SIGKILL)
    assert left.exists(), "nothing can be done at once"
    with scratch(tmp_path) as here:
        assert not left.exists()
        with scratch(tmp_path):
            assert here.folder.exists(), "its owner lives"
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [".gitignore"]


def test_a_folder_without_an_owner_is_left_for_a_while(tmp_path: Path) -> None:
    young, old = tmp_path / FOLDER / "young", tmp_path / FOLDER / "old"
    for folder in (young, old):
        folder.mkdir(parents=True)
    os.utime(old, (1, 1))
    with scratch(tmp_path):
        assert young.exists()
        assert not old.exists()


def test_an_engine_that_is_not_there_is_not_copied(tmp_path: Path) -> None:
    assert copy_engine(tmp_path / "none", tmp_path / "copy") is False
    assert not (tmp_path / "copy").exists()


def test_samples_are_fixed_and_grow_in_place() -> None:
    ids = [f"u{number}" for number in range(5000)]
    assert pick(ids, 20) == pick(reversed(ids), 20)
    assert 0.17 < sum(place(id) < 0.2 for id in ids) / len(ids) < 0.23
    assert len(set(pick(ids, 100)) & set(pick([*ids, "new"], 100))) >= 99
    assert len(pick(ids[:3], 20)) == 3


def test_rows_of_a_sample_are_those_of_the_file(tmp_path: Path) -> None:
    rows = ["NOTE,USER_ID,ITEM_ID"]
    rows += [f'"two\nlines, ""u{n}""",u{n % 50},i{n}' for n in range(400)]
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("\n".join(rows) + "\n")
    (data / "items.csv").write_text("ITEM_ID\ni1\n")
    sample(data, tmp_path / "out", 0.5)
    with (tmp_path / "out" / "a.csv").open(newline="") as file:
        kept = list(csv.DictReader(file))
    users = {row["USER_ID"] for row in kept}
    assert users == {f"u{n}" for n in range(50) if place(f"u{n}") < 0.5}
    assert len(kept) == 8 * len(users)
    assert kept[0]["NOTE"].startswith('two\nlines, "u')
    assert (tmp_path / "out" / "items.csv").read_text() == "ITEM_ID\ni1\n"
    beginning(data / "a.csv", tmp_path / "b.csv", 20)
    assert (tmp_path / "b.csv").read_bytes() == (data / "a.csv").read_bytes()[:20]
