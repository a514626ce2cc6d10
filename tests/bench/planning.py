"""Plan, apply and destroy of many small resources, beside Terraform in the same run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.bench.projects import write_pzdecl, write_terraform
from tests.bench.report import Report
from tests.bench.timing import Cost, middle, run, typical

PZDECL = str(Path(sys.executable).parent / "pzdecl")
TIMES = 3


def bench(report: Report, scratch: Path) -> None:
    if shutil.which("terraform") is None:
        report.skip("plan and apply beside Terraform", "terraform is not on the PATH")
        return
    ours = write_pzdecl(scratch / "pzdecl-1000", 1000)
    theirs = write_terraform(scratch / "terraform-1000", 1000)
    run(["terraform", "init", "-input=false"], theirs)

    plan = typical(lambda: run([PZDECL, "plan"], ours), TIMES)
    their_plan = typical(lambda: run(["terraform", "plan", "-input=false"], theirs), TIMES)
    _compare(report, "plan of 1,000", plan, their_plan, 0.7)
    report.add("plan of 1,000: peak memory", plan.peak / their_plan.peak, 1.0, _memory(plan, their_plan))

    apply, destroy = _from_nothing_and_back(ours)
    their_apply = run(["terraform", "apply", "-input=false", "-auto-approve"], theirs)
    _compare(report, "apply of 1,000", apply, their_apply, 0.13)

    run([PZDECL, "apply", "--auto-approve"], ours)
    again = typical(lambda: run([PZDECL, "plan", "--detailed-exitcode"], ours), TIMES)
    their_again = typical(
        lambda: run(["terraform", "plan", "-input=false", "-detailed-exitcode"], theirs), TIMES
    )
    _compare(report, "no-op plan of 1,000", again, their_again, 0.7)
    report.add("no-op plan: peak memory", again.peak / their_again.peak, 1.0, _memory(again, their_again))

    their_destroy = run(["terraform", "destroy", "-input=false", "-auto-approve"], theirs)
    _compare(report, "destroy of 1,000", destroy, their_destroy, 0.1)

    large = write_pzdecl(scratch / "pzdecl-3000", 3000)
    large_apply, _ = _from_nothing_and_back(large)
    report.add(
        "apply of 3,000 over apply of 1,000",
        large_apply.seconds / apply.seconds,
        3.6,
        f"{large_apply.seconds:.2f} s / {apply.seconds:.2f} s",
    )


def _from_nothing_and_back(project: Path) -> tuple[Cost, Cost]:
    """An apply where nothing is there yet, and the destroy of all it made; the middle of several runs."""
    applies, destroys = [], []
    for _ in range(TIMES):
        shutil.rmtree(project / ".pzdecl", ignore_errors=True)
        applies.append(run([PZDECL, "apply", "--auto-approve"], project))
        destroys.append(run([PZDECL, "destroy", "--auto-approve"], project))
    return middle(applies), middle(destroys)


def _compare(report: Report, name: str, ours: Cost, theirs: Cost, limit: float) -> None:
    basis = f"{ours.seconds:.2f} s / Terraform's {theirs.seconds:.2f} s"
    report.add(f"{name} over Terraform's", ours.seconds / theirs.seconds, limit, basis)


def _memory(ours: Cost, theirs: Cost) -> str:
    return f"{ours.peak:.0f} MiB / Terraform's {theirs.peak:.0f} MiB"
