from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest

from pzdecl.cli.run import run


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command line in this process, without a terminal."""
    for name in ("PZDECL_ENV", "PZDECL_IN_AUTOMATION", "PZDECL_DEBUG", "NO_COLOR", "FORCE_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        with chdir(Path.cwd()):  # -C changes it
            code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def starter(cli: Cli, tmp_path: Path) -> Path:
    """A project as `pzdecl init` writes it."""
    root = tmp_path / "shop"
    assert cli("init", root).code == 0
    return root
