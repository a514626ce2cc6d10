"""What holds for every command: options, usage errors, errors in both formats, bugs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl import __version__
from pzdecl.cli import reference
from pzdecl.cli.app import COMMANDS
from tests.cli.conftest import Cli
from tests.waiting import PATIENCE

PZDECL = str(Path(sys.executable).parent / "pzdecl")
ROOT = Path(__file__).parents[2]


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"pzdecl {__version__}\n"
    done = subprocess.run([PZDECL, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"pzdecl {__version__}\n"


def test_help_names_every_command(cli: Cli) -> None:
    answer = cli("--help")
    assert answer.code == 0
    assert all(f"  {name} " in answer.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(cli: Cli, name: str) -> None:
    answer = cli(name, "--help")
    assert answer.code == 0
    assert f"pzdecl {name}" in answer.out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["pln"],
        ["plan", "--nope"],
        ["plan", "--format", "yaml"],
        ["explain"],
        ["plan", "--parallelism", "3"],
        ["apply", "--parallelism", "0"],
        ["state"],
        ["state", "lst"],
        ["recipes", "describe", "aws-hrn"],
        ["explain", "PZ0000"],
    ],
)
def test_wrong_usage_exits_64(cli: Cli, arguments: list[str]) -> None:
    answer = cli(*arguments)
    assert answer.code == 64
    assert answer.err or answer.out


def test_a_mistyped_command_is_suggested(cli: Cli) -> None:
    assert "Did you mean 'plan'?" in cli("pln").err


def test_options_for_all_stand_before_or_after_the_command(cli: Cli, starter: Path) -> None:
    assert cli("-C", starter, "-e", "prod", "validate").out == cli("validate", "-C", starter, "-e", "prod").out
    assert "prod" in cli("-C", starter, "-e", "prod", "validate").out


def test_the_environment_comes_from_the_environment(
    cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PZDECL_ENV", "prod")
    assert "prod" in cli("-C", starter, "validate").out
    assert "dev" in cli("-C", starter, "-e", "dev", "validate").out


def test_an_error_is_json_when_json_was_asked_for(cli: Cli, tmp_path: Path) -> None:
    answer = cli("-C", tmp_path, "plan", "--format", "json")
    assert answer.code == 1
    assert json.loads(answer.out)["errored"] is True
    usage = cli("plan", "--format", "json", "--nope")
    assert usage.code == 64
    assert json.loads(usage.out)["exit_status"] == 64
    lines = cli("-C", tmp_path, "apply", "--auto-approve", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["version", "diagnostic"]


def test_a_bug_is_one_line_and_a_file(cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("pzdecl.manifests.load", broken, raising=False)
    answer = cli("-C", starter, "validate")
    assert answer.code == 1
    assert "this is a bug in pzdecl: KeyError: 'oops'" in answer.err
    assert "Traceback" not in answer.err
    assert "KeyError: 'oops'" in (starter / ".pzdecl" / "crash.log").read_text()
    monkeypatch.setenv("PZDECL_DEBUG", "1")
    assert "Traceback" in cli("-C", starter, "validate").err


def test_color_only_where_it_is_wanted(cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (starter / "data.yaml").write_text("kind: Nothing\n")
    assert "\x1b[" not in cli("-C", starter, "validate").err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in cli("-C", starter, "validate").err
    assert "\x1b[" not in cli("-C", starter, "--no-color", "validate").err
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in cli("-C", starter, "validate").err


def test_a_reader_that_goes_away_is_no_error(starter: Path) -> None:
    process = subprocess.Popen(
        [PZDECL, "recipes", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=starter
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=PATIENCE)


def test_start_up_imports_nothing_heavy() -> None:
    heavy = (
        "rich",
        "torch",
        "pyarrow",
        "numpy",
        "boto3",
        "botocore",
        "networkx",
        "sqlite_utils",
        "deepdiff",
        "pydantic",
    )
    program = (
        "import sys, pzdecl.cli.app as app\n"
        "app.build()\n"
        "[app.command(name) for name in app.COMMANDS]\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_reference_is_current() -> None:
    assert (ROOT / "docs/reference/commands.md").read_text() == reference.page()
