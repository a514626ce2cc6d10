"""What somebody at a terminal sees: a question, a live table, and an end to it by Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.waiting import PATIENCE

PZDECL = str(Path(sys.executable).parent / "pzdecl")


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, *arguments: object) -> None:
        self.seen = ""
        self._end, theirs = pty.openpty()
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith("PZDECL_") and k not in {"CI", "NO_COLOR"}
        }
        environment = {**kept, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        self.process = subprocess.Popen(
            [PZDECL, *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            # A test run in the background ignores Ctrl-C, and what it starts would, too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        os.close(theirs)

    def until(self, words: str) -> None:
        """Reads until `words` have been shown."""
        limit = time.monotonic() + PATIENCE
        while words not in self.seen:
            assert time.monotonic() < limit, self.seen
            if not self._read():
                break
        assert words in self.seen, self.seen

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def end(self) -> int:
        """Reads to the end and gives the exit status."""
        while self._read():
            pass
        os.close(self._end)
        return self.process.wait(timeout=PATIENCE)

    def _read(self) -> bool:
        try:
            block = os.read(self._end, 65_536)
        except OSError:
            return False
        self.seen += block.decode("utf-8", errors="replace")
        return bool(block)


@pytest.fixture(autouse=True)
def _engine() -> None:
    pytest.importorskip("torch")


def test_apply_asks_and_shows_a_live_table(starter: Path, cli: Cli) -> None:
    terminal = Terminal("-C", starter, "apply")
    terminal.until("Type yes to apply this: ")
    terminal.type("yes\n")
    terminal.until("Apply complete")
    assert terminal.end() == 0
    assert "steps done" in terminal.seen
    assert "\x1b[" in terminal.seen
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0


def test_anything_but_yes_changes_nothing(starter: Path, cli: Cli) -> None:
    terminal = Terminal("-C", starter, "apply")
    terminal.until("Type yes")
    terminal.type("y\n")
    assert terminal.end() == 1
    assert "nothing was changed" in terminal.seen
    assert cli("-C", starter, "state", "list").out == ""


def test_destroy_asks_for_the_environments_name(starter: Path, cli: Cli) -> None:
    assert cli("-C", starter, "-e", "dev", "apply", "--auto-approve").code == 0
    terminal = Terminal("-C", starter, "-e", "dev", "destroy")
    terminal.until("Type dev to destroy all this: ")
    terminal.type("dev\n")
    assert terminal.end() == 0
    assert cli("-C", starter, "-e", "dev", "state", "list").out == ""


def test_interrupting_the_question_changes_nothing(starter: Path, cli: Cli) -> None:
    terminal = Terminal("-C", starter, "apply")
    terminal.until("Type yes")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "\n\x1b[1;31merror\x1b[0m: interrupted; nothing was changed" in terminal.seen
    assert "Traceback" not in terminal.seen
    assert cli("-C", starter, "state", "list").out == ""


@pytest.mark.slow
def test_interrupting_a_run_exits_130_and_can_be_gone_on_with(starter: Path, cli: Cli) -> None:
    path = starter / "recommender.yaml"
    path.write_text(path.read_text().replace("aws-popularity-count ", "aws-hrnn "))
    terminal = Terminal("-C", starter, "apply", "--auto-approve")
    terminal.until("epochs")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Interrupted" in terminal.seen
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0
