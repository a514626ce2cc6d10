"""`state pull` and `state push`, between a file and PostgreSQL, as a user types them."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.manifests.projects import GROUP
from tests.servers import postgres

pytest.importorskip("torch")


def pull(root: Path, *options: str) -> bytes:
    command = [sys.executable, "-m", "pzdecl", "-C", str(root), "state", "pull", *options]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture
def applied(cli: Cli, tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "pzdecl.yaml").write_text("name: shop\n")
    (root / "group.yaml").write_text(GROUP)
    assert cli("-C", root, "apply", "--auto-approve").code == 0
    return root


def test_a_state_is_moved_into_postgres_and_back(cli: Cli, applied: Path) -> None:
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    pytest.importorskip("psycopg")
    with postgres.server() as url:
        (applied / "pzdecl.yaml").write_text(f"name: shop\nstate: {{type: postgres, url: '{url}'}}\n")
        assert "cannot create" in cli("-C", applied, "plan").out  # that state knows nothing of it
        pushed = cli("-C", applied, "state", "push", applied / ".pzdecl/state/default.db")
        assert pushed.out == "The state holds 1 resources now (serial 2).\n"
        assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0
        assert "state push" in cli("-C", applied, "state", "history").out
        back = applied / "back.db"
        back.write_bytes(pull(applied))
    (applied / "pzdecl.yaml").write_text("name: shop\n")
    pushed = cli("-C", applied, "state", "push", back)
    assert "What it held before is in" in pushed.err
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0


def test_what_is_pulled_with_a_key_is_pushed_with_it(cli: Cli, applied: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    key = tmp_path / "key"
    key.write_text(base64.b64encode(b"k" * 32).decode())
    sealed = tmp_path / "sealed"
    sealed.write_bytes(pull(applied, "--key-file", str(key)))
    assert b"DatasetGroup" not in sealed.read_bytes()
    refused = cli("-C", applied, "state", "push", sealed)
    assert refused.code == 1
    assert "is encrypted, and no key was given" in refused.err
    assert cli("-C", applied, "state", "push", sealed, "--key-file", key).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("state", "push", "absent.db"), 1, "absent.db can't be read: No such file"),
        (("state", "push", "group.yaml"), 1, "group.yaml is damaged"),
        (("state", "push", "group.yaml", "--key-env", "NO_SUCH"), 1, "NO_SUCH holds no key"),
        (("state", "pull", "--key-file", "absent"), 1, "absent can't be read"),
        (("state", "push"), 64, "FILE"),
    ],
)
def test_what_cannot_be_done_is_told(
    cli: Cli, applied: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = cli("-C", applied, *arguments)
    assert done.code == code
    assert words in done.err


def test_a_file_of_another_state_is_refused(cli: Cli, applied: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pzdecl.yaml").write_text("name: other\n")
    (other / "group.yaml").write_text(GROUP.replace("movies", "others"))
    assert cli("-C", other, "apply", "--auto-approve").code == 0
    file = other / ".pzdecl/state/default.db"
    refused = cli("-C", applied, "state", "push", file)
    assert refused.code == 4
    assert "its lineage is" in refused.err
    assert cli("-C", applied, "state", "push", file, "--force").code == 0
    assert cli("-C", applied, "state", "list").out == "DatasetGroup/others\n"
