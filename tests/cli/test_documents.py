"""What README and the documentation say is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl import errors
from pzdecl.cli.app import COMMANDS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def test_the_tutorial_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/tutorial.md").read_text(), re.DOTALL)
    assert len(blocks) > 8
    script = "set -eu\n" + "\n".join(blocks)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PZDECL_")}
    environment = {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 to import, 2 to train, 2 to deploy" in done.stdout
    assert "popularity_discount_factor 0.4 → 0.6 forces replacement" in done.stdout
    assert "1 replaced, 1 trained, 1 deployed" in done.stdout
    assert "Destroy complete" in done.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/reference/commands.md"])
def test_every_command_is_named(page: str) -> None:
    text = (ROOT / page).read_text()
    assert all(f"pzdecl {name}" in text for name in COMMANDS)


@pytest.mark.parametrize("page", ["README.md", "docs/reference/commands.md"])
def test_every_exit_status_is_in_the_table(page: str) -> None:
    rows = {int(status) for status in re.findall(r"^\| (\d+) \|", (ROOT / page).read_text(), re.MULTILINE)}
    raised = {error.exit_status for error in errors.PzdeclError.__subclasses__()}
    assert raised <= rows
    assert {0, 2, 3} <= rows


@pytest.mark.parametrize("example", ["movies", "movielens", "online-retail"])
def test_examples_validate_where_their_data_is(example: str, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, root, ignore=shutil.ignore_patterns(".pzdecl", "data"))
    data = root / "data"
    data.mkdir()
    for name in ("interactions", "items", "users"):
        (data / f"{name}.csv").write_text("")
    command = [str(BIN / "pzdecl"), "-C", str(root), "validate"]
    if example != "movies":
        command += ["--var", f"data={data}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    formatted = subprocess.run(
        [str(BIN / "pzdecl"), "-C", str(root), "fmt", "--check", "--diff"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert formatted.returncode == 0, formatted.stdout
