"""Values of options: what is taken as it is is what typer would have made of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.exceptions import TyperException

from pzdecl.cli import values
from pzdecl.cli.app import COMMANDS, command
from pzdecl.cli.session import begin

LINES = [
    "validate",
    "validate --format json -e prod --var a=1 --var b=2 --no-color",
    "validate --format nope",
    "validate --format JSON",
    "plan --out {there}/new.json --target Solution/a --target Solution/b --detailed-exitcode --refresh-only",
    "plan -C {there} --var-file {file} --var-file {there}/none.yaml",
    "plan -C {closed}",
    "plan -C {file}",
    "plan --target",
    "apply --auto-approve --parallelism 3 --timeout 90s --lock-timeout 1m",
    "apply --parallelism 0",
    "apply --parallelism many",
    "apply {file} --expect sha256:00",
    "recommend campaign --user u",
    "recommend",
    "rank campaign",
    "rank campaign --user u --item a --item b",
    "rollback",
    "fmt --check {file} {there}",
    "serve --port 0",
    "serve --port x",
    "metrics",
    "explain PZ0001",
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read_as_typer_reads_it(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, closed = tmp_path / "file.yaml", tmp_path / "closed"
    file.touch()
    closed.mkdir(mode=0)
    name, *arguments = line.format(there=tmp_path, file=file, closed=closed).split()
    monkeypatch.chdir(tmp_path)
    quick = _parsed(name, arguments)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(values, "_taken", lambda *_: values._UNREAD)
    assert quick == _parsed(name, arguments)


def _parsed(name: str, arguments: list[str]) -> tuple[Any, ...]:
    """What the command is given, what the options of all commands did, and the error."""
    session, params, error = begin(), {}, None
    try:
        params = command(name).make_context(name, [*arguments]).params
    except (TyperException, ValueError, OSError) as raised:
        error = f"{type(raised).__name__}: {getattr(raised, 'message', raised)}"
    except Exception as raised:
        error = repr(raised)
    told = (session.environment, session.color, session.format, session.variables, session.var_files)
    return params, told, os.getcwd(), error


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_are_those_that_typer_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = command(name)
    leaves = [*made.commands.values()] if hasattr(made, "commands") else [made]
    context = made.context_class(made)
    for leaf in leaves:
        given = [one for one in leaf.get_params(context) if not one.required and one.expose_value]
        quick = [one.process_value(context, one.get_default(context)) for one in given]
        with monkeypatch.context() as patch:
            patch.setattr(values, "_taken", lambda *_: values._UNREAD)
            slow = [one.process_value(context, one.get_default(context)) for one in given]
        assert repr(quick) == repr(slow)


def test_plain_values_need_no_pydantic(tmp_path: Path) -> None:
    (tmp_path / "pzdecl.yaml").write_text("name: shop\nprovider: {type: local}\nenvironments: {prod: {}}\n")
    (tmp_path / "group.yaml").write_text(
        "apiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata: {name: shop, tags: {team: x}}\n"
    )
    code = "import sys, pzdecl.cli.run as r; s = r.run(sys.argv[1:]); sys.exit(s or 'pydantic' in sys.modules)"
    for line in (
        "validate --format json",
        "plan -e prod --format json --target DatasetGroup/shop --out new.plan",
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, "-C", str(tmp_path), *line.split()],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)
