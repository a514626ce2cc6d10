"""Plan, apply and destroy of many small resources, beside Terraform in the same run.

Wall time, since that is what people wait for; the CPU time behind each figure tells how busy the machine was.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.bench.projects import write_pzdecl, write_terraform
from tests.bench.report import Report
from tests.bench.timing import Cost, middle, run, typical

PZDECL = str(Path(sys.executable).parent / "pzdecl")
TERRAFORM = ["terraform", "apply", "-input=false", "-auto-approve"]
TIMES = 3


def bench(report: Report, scratch: Path) -> None:
    thousand = write_pzdecl(scratch / "pzdecl-1000", 1000)
    fresh = typical(lambda: run([PZDECL, "plan"], thousand), TIMES)
    apply, destroy = _from_nothing_and_back(thousand, TIMES)
    run([PZDECL, "apply", "--auto-approve"], thousand)
    settled = typical(lambda: run([PZDECL, "plan", "--detailed-exitcode"], thousand), TIMES)

    _ten_thousand(report, scratch, apply)
    three = _three_thousand(report, scratch, apply)
    if shutil.which("terraform") is None:
        report.skip("plan and apply beside Terraform", "terraform is not on the PATH")
        return
    _beside_terraform(report, scratch, (fresh, settled, apply, destroy))
    _beside_terraform_at_3000(report, scratch, three)


def _ten_thousand(report: Report, scratch: Path, thousand: Cost) -> None:
    """The largest project: a plan of everything, the apply, and a plan that finds nothing to do."""
    project = write_pzdecl(scratch / "pzdecl-10000", 10_000)
    fresh = typical(lambda: run([PZDECL, "plan"], project), TIMES)
    report.add("plan of 10,000, s", fresh.seconds, 6.0, _told(fresh))
    report.add("plan of 10,000, MiB", fresh.peak, 400.0, _told(fresh))
    apply = run([PZDECL, "apply", "--auto-approve"], project)
    _growth(report, "apply of 10,000 over apply of 1,000", apply, thousand, 11.0)
    settled = typical(lambda: run([PZDECL, "plan", "--detailed-exitcode"], project), TIMES)
    report.add("no-op plan of 10,000, s", settled.seconds, 6.0, _told(settled))
    report.add("no-op plan of 10,000, MiB", settled.peak, 400.0, _told(settled))


def _three_thousand(report: Report, scratch: Path, thousand: Cost) -> tuple[Cost, Cost, Cost]:
    """Costs of a plan of everything, the apply, and a plan that finds nothing to do."""
    project = write_pzdecl(scratch / "pzdecl-3000", 3000)
    fresh = typical(lambda: run([PZDECL, "plan"], project), TIMES)
    apply, _ = _from_nothing_and_back(project, TIMES)
    _growth(report, "apply of 3,000 over apply of 1,000", apply, thousand, 3.6)
    run([PZDECL, "apply", "--auto-approve"], project)
    settled = typical(lambda: run([PZDECL, "plan", "--detailed-exitcode"], project), TIMES)
    return fresh, apply, settled


def _beside_terraform(report: Report, scratch: Path, ours: tuple[Cost, Cost, Cost, Cost]) -> None:
    fresh, settled, apply, destroy = ours
    theirs = write_terraform(scratch / "terraform-1000", 1000)
    run(["terraform", "init", "-input=false"], theirs)
    their_plan = typical(lambda: run(["terraform", "plan", "-input=false"], theirs), TIMES)
    _compare(report, "plan of 1,000", fresh, their_plan, 0.7)
    report.add("plan of 1,000: peak memory", fresh.peak / their_plan.peak, 1.0, _memory(fresh, their_plan))
    _compare(report, "apply of 1,000", apply, run(TERRAFORM, theirs), 0.13)
    their_settled = typical(
        lambda: run(["terraform", "plan", "-input=false", "-detailed-exitcode"], theirs), TIMES
    )
    _compare(report, "no-op plan of 1,000", settled, their_settled, 0.7)
    report.add(
        "no-op plan: peak memory", settled.peak / their_settled.peak, 1.0, _memory(settled, their_settled)
    )
    their_destroy = run(["terraform", "destroy", "-input=false", "-auto-approve"], theirs)
    _compare(report, "destroy of 1,000", destroy, their_destroy, 0.1)


def _beside_terraform_at_3000(report: Report, scratch: Path, ours: tuple[Cost, Cost, Cost]) -> None:
    """Each of Terraform's once: its apply alone takes minutes."""
    fresh, apply, settled = ours
    theirs = write_terraform(scratch / "terraform-3000", 3000)
    run(["terraform", "init", "-input=false"], theirs)
    _compare(report, "plan of 3,000", fresh, run(["terraform", "plan", "-input=false"], theirs), 0.4)
    _compare(report, "apply of 3,000", apply, run(TERRAFORM, theirs), 0.06)
    their_settled = run(["terraform", "plan", "-input=false", "-detailed-exitcode"], theirs)
    _compare(report, "no-op plan of 3,000", settled, their_settled, 0.5)


def _from_nothing_and_back(project: Path, times: int) -> tuple[Cost, Cost]:
    """An apply where nothing is there yet, and the destroy of all it made; the middle of several runs."""
    applies, destroys = [], []
    for _ in range(times):
        shutil.rmtree(project / ".pzdecl", ignore_errors=True)
        applies.append(run([PZDECL, "apply", "--auto-approve"], project))
        destroys.append(run([PZDECL, "destroy", "--auto-approve"], project))
    return middle(applies), middle(destroys)


def _growth(report: Report, name: str, large: Cost, small: Cost, limit: float) -> None:
    report.add(name, large.seconds / small.seconds, limit, f"{_told(large)} / {_told(small)}")


def _compare(report: Report, name: str, ours: Cost, theirs: Cost, limit: float) -> None:
    basis = f"{ours.seconds:.2f} s / Terraform's {theirs.seconds:.2f} s"
    report.add(f"{name} over Terraform's", ours.seconds / theirs.seconds, limit, basis)


def _memory(ours: Cost, theirs: Cost) -> str:
    return f"{ours.peak:.0f} MiB / Terraform's {theirs.peak:.0f} MiB"


def _told(cost: Cost) -> str:
    return f"{cost.seconds:.2f} s ({cost.cpu:.2f} s of CPU, {cost.peak:.0f} MiB)"
