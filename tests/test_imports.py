"""Imports without what is not wanted."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from threading import Event, Thread

import pytest

from pzdecl.imports import without
from tests.waiting import PATIENCE


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that can be imported and has not been."""
    (tmp_path / "unwanted_here.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "unwanted_here", raising=False)
    return "unwanted_here"


def test_it_is_not_there_and_then_it_is(module: str) -> None:
    before = list(sys.meta_path)
    with pytest.raises(ImportError, match=module), without(module):
        importlib.import_module(module)
    assert sys.meta_path == before
    assert importlib.import_module(module).VALUE == 1
    with without(module):
        assert importlib.import_module(module).VALUE == 1, "what is loaded stays"
    del sys.modules[module]


def test_other_threads_find_it(module: str) -> None:
    found: list[int] = []
    with without(module):
        thread = Thread(target=lambda: found.append(importlib.import_module(module).VALUE))
        thread.start()
        thread.join()
    assert found == [1]
    del sys.modules[module]


class _Slow:
    """A finder that finds nothing, and waits before it says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked, self.go = Event(), Event()

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == self.name:
            self.asked.set()
            assert self.go.wait(PATIENCE)


def test_an_import_that_is_on_its_way_when_the_block_ends_leaves_no_finder_out(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, found = _Slow(module), []
    finders = list(sys.meta_path)
    finders.insert(finders.index(PathFinder), slow)
    monkeypatch.setattr(sys, "meta_path", finders)
    thread = Thread(target=lambda: found.append(importlib.import_module(module).VALUE))
    with without("nothing"):
        thread.start()
        assert slow.asked.wait(PATIENCE)
    slow.go.set()
    thread.join()
    assert found == [1]
    del sys.modules[module]


def test_making_a_state_and_an_engine_loads_no_pandas(tmp_path: Path) -> None:
    """Though sqlite-utils would, where it is installed: here one that fails to be imported at all."""
    (tmp_path / "pandas.py").write_text("raise RuntimeError('pandas is imported')\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from pzdecl.engine import Engine\n"
        "from pzdecl.state import open_state\n"
        "open_state(Path(sys.argv[1], 'state.db'), create=True).close()\n"
        "engine = Engine(Path(sys.argv[1], 'engine'))\n"
        "engine.call('create_dataset_group', {'name': 'shop'})\n"
        "engine.close()\n"
        "assert 'sqlite_utils' in sys.modules and 'pandas' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
