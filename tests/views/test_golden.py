"""Plans of a fixed project, byte for byte; also as other versions of Python make them.

After a change that is meant: `python -m tests.views.golden.plans tests/views/golden/expected`; read the diff.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.plan.file import load
from pzdecl.plan.model import Action, ReasonCode
from tests.views.golden import plans

ROOT = Path(__file__).parents[2]
EXPECTED = plans.FOLDER / "expected"
NAMES = sorted(path.name for path in EXPECTED.iterdir())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    plans.write(folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_byte_for_byte(made: Path, name: str) -> None:
    assert (made / name).read_text("utf-8") == (EXPECTED / name).read_text("utf-8")
    assert (made / name).read_bytes() == (EXPECTED / name).read_bytes()


def test_nothing_is_missing(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == NAMES


def test_everything_that_a_plan_can_hold_is_in_them() -> None:
    found = [load(path.read_bytes()) for path in EXPECTED.glob("*.plan")]
    changes = [change for plan in found for change in plan.changes]
    assert {change.action for change in changes} == set(Action)
    codes = {reason.code for change in changes for reason in change.reasons}
    assert codes >= {ReasonCode.TRIGGERED, ReasonCode.PINNED, ReasonCode.DATA_CHANGED, ReasonCode.DRIFTED}
    blocked = {change.blocked.code for change in changes if change.blocked}
    assert blocked >= {ReasonCode.GATE, ReasonCode.POLICY, ReasonCode.PROTECTED}
    assert any(change.seconds for change in changes)
    assert any(change.previous for change in changes)
    assert any(plan.drift for plan in found)
    assert {plan.partial for plan in found} == {plan.refresh_only for plan in found} == {True, False}


def test_they_hold_no_place_of_this_machine(made: Path) -> None:
    for path in made.iterdir():
        assert str(made.parent) not in path.read_text("utf-8")
        assert str(ROOT) not in path.read_text("utf-8")


def others() -> Iterator[str]:
    """Other Pythons that pzdecl runs on: those of PZDECL_PYTHONS (paths, as PATH has them), else of PATH."""
    named = os.environ.get("PZDECL_PYTHONS")
    names = named.split(os.pathsep) if named else [f"python3.{minor}" for minor in range(11, 20)]
    tell = "import sys; print(*sys.version_info[:2])"
    for name in filter(None, map(shutil.which, names)):
        answer = subprocess.run([name, "-c", tell], capture_output=True, text=True, check=False)
        version = tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else ()
        if version >= (3, 11) and version != sys.version_info[:2]:
            yield name


@pytest.fixture(scope="module", params=list(others()) or [None], ids=lambda path: Path(path or "none").name)
def core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another Python, with what pzdecl needs at least and nothing more."""
    if request.param is None:
        pytest.skip("no other Python is here: name some in PZDECL_PYTHONS")
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([request.param, "-m", "venv", venv], check=True)
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    install(venv / "bin/python", *needed)
    return venv / "bin/python"


@pytest.fixture(scope="module")
def planning(core: Path) -> Path:
    """The same, with what a plan for the built-in engine needs: no torch."""
    install(core, "botocore", "pyarrow", "numpy")
    return core


def install(python: Path, *packages: str) -> None:
    pip = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", *packages]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the packages for {python} can't be had: {done.stderr.strip()[-200:]}")


def run(python: Path | str, *arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    """Runs a module of this checkout; warnings, also of what is to go from Python, are errors."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PZDECL_", "PYTHON"))}
    command = [python, "-B", "-W", "error", "-m", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env={**kept, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )


def alike(other: Path, project: Path, *command: object) -> subprocess.CompletedProcess[bytes]:
    """What both answer to a command; that it is the same was checked."""
    first, second = (run(python, "pzdecl", *command, cwd=project) for python in (sys.executable, other))
    assert b"Traceback" not in second.stderr, second.stderr.decode()
    told = [(one.returncode, one.stdout.decode(), one.stderr.decode()) for one in (first, second)]
    assert told[0] == told[1], command
    return second


@pytest.mark.slow
def test_another_python_makes_the_same_plans(core: Path, tmp_path: Path) -> None:
    done = run(core, "tests.views.golden.plans", tmp_path / "made")
    assert done.returncode == 0, done.stderr.decode()
    for name in NAMES:
        assert (tmp_path / "made" / name).read_bytes() == (EXPECTED / name).read_bytes(), name


@pytest.mark.slow
def test_another_python_answers_alike_with_the_core_alone(core: Path, tmp_path: Path) -> None:
    project = tmp_path / "cinema"
    shutil.copytree(plans.FOLDER / "after", project)
    assert alike(core, project, "validate", "--format", "json").returncode == 0
    assert b"watched" in alike(core, project, "graph", "--format", "mermaid").stdout
    assert alike(core, project, "fmt", "--check", "--diff").returncode == 0
    assert b"Plan: 2 to create" in alike(core, project, "show", EXPECTED / "change.plan").stdout
    assert alike(core, project, "show", EXPECTED / "change.plan", "--format", "json").stdout
    text = (project / "solutions.yaml").read_text().replace("aws-hrnn", "aws-hrn")
    (project / "solutions.yaml").write_text(text.replace("Schema/people", "Schema/poeple"))
    broken = alike(core, project, "validate", "--format", "json")
    assert broken.returncode == 1
    assert broken.stdout.count(b"did you mean: ") == 2


@pytest.mark.slow
def test_another_python_plans_alike_without_torch(planning: Path, tmp_path: Path) -> None:
    project = tmp_path / "shop"
    assert run(sys.executable, "pzdecl", "init", project).returncode == 0
    for form in ("text", "markdown", "json", "github", "sarif", "junit"):
        assert alike(planning, project, "plan", "--format", form).stdout
    saved = []
    for python in (sys.executable, planning):
        assert run(python, "pzdecl", "plan", "--out", "p.json", cwd=project).returncode == 0
        saved.append((project / "p.json").read_bytes())
    assert saved[0] == saved[1]
