"""What `apply` and `destroy` have in common: show the plan, ask, run it, tell how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.cli.session import flush, session, tell, write
from pzdecl.errors import Interrupted, PzdeclError, Refused, StalePlan, UsageError

if TYPE_CHECKING:
    from pzdecl.apply.result import Run
    from pzdecl.plan.model import Plan
    from pzdecl.project import Project
    from pzdecl.views.run_json import JsonView
    from pzdecl.views.run_lines import LineView
    from pzdecl.views.run_live import LiveView

    View = JsonView | LineView | LiveView

REFUSED = 4


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to run; times in seconds. `command` is what the state's history shows."""

    format: str
    auto_approve: bool
    parallelism: int
    timeout: float | None
    lock_timeout: float
    command: str


def carry_out(
    wishes: Wishes,
    *,
    expect: str | None = None,
    make: Callable[[Project], Plan] | None = None,
    **options: Any,
) -> int:
    """Plans, asks and applies under one lock: nobody else's change comes between.

    `make` makes the plan where it is not that of the whole project. With `expect`, the digest of the plan that
    was reviewed, nothing is asked and no other plan is carried out.
    """
    wishes = replace(wishes, auto_approve=wishes.auto_approve or expect is not None)
    _can_ask(wishes)
    project = session().load()
    events = _events(wishes)
    with project.locked(command=wishes.command, timeout=wishes.lock_timeout):
        plan = make(project) if make else project.plan(**options)
        if events:
            events.plan(plan)
        else:
            from pzdecl.views import plan_text

            write(plan_text.render(plan, session().style(sys.stdout)))
            flush()
        if expect is not None:
            _check_digest(plan, expect)
        if not plan.steps:
            project.apply(plan, command=wishes.command)
            return _blocked(plan)
        if plan.has_changes and not wishes.auto_approve:
            _ask(plan, destroy=bool(options.get("destroy")))
        return _run(project, plan, wishes, events)


def _check_digest(plan: Plan, expect: str) -> None:
    from pzdecl.plan import file

    name, _, wanted = expect.partition(":")
    if name != "sha256" or len(wanted) != 64:
        raise UsageError(
            f"--expect {expect} is not a digest", hint="expected sha256: and 64 hexadecimal digits"
        )
    found = file.reviewed(plan)
    if found != expect.lower():
        raise StalePlan(
            f"the plan is another one now: its digest is {found}",
            hint="review the plan again, and expect its new digest",
        )


def carry_out_file(path: Path, wishes: Wishes, unused: Sequence[str]) -> int:
    """Applies a saved plan: its steps and nothing else, without a question."""
    if unused:
        raise UsageError(
            f"{', '.join(unused)} cannot be given with a saved plan", hint="give them to plan --out"
        )
    plan = read_plan(path)
    project = session().load()
    if (plan.project, plan.environment) != (project.name, project.environment):
        raise PzdeclError(
            f"{path} was planned for {plan.project}, environment {plan.environment}; "
            f"this is {project.name}, environment {project.environment}",
            hint="choose the environment with -e, or plan again",
        )
    if session().variables or session().var_files:
        tell("note: a saved plan is carried out as it is: variables give it its sensitive values, no others")
    events = _events(wishes)
    if events:
        events.plan(plan)
    with project.locked(command=wishes.command, timeout=wishes.lock_timeout):
        return _run(project, plan, wishes, events)


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises PzdeclError for a file that is none."""
    from pzdecl.plan import file

    try:
        content = path.read_bytes()
    except OSError as error:
        raise PzdeclError(
            f"cannot read the plan {path}: {error.strerror}", hint="save one with: pzdecl plan --out FILE"
        ) from None
    return file.load(content)


def _run(project: Project, plan: Plan, wishes: Wishes, events: JsonView | None) -> int:
    view = events or progress_view()
    try:
        run = project.apply(
            plan,
            listener=view,
            parallelism=wishes.parallelism,
            timeout=wishes.timeout,
            command=wishes.command,
        )
    finally:
        view.close()
    if events:
        events.run(run)
    else:
        from pzdecl.views import run_text

        style = session().style(sys.stdout)
        write(run_text.render(run, wishes.command, style, hints=not session().automated))
    return _status(run) or _blocked(plan)


def _status(run: Run) -> int:
    from pzdecl import errors
    from pzdecl.apply.result import Outcome

    if run.outcome is Outcome.PARTIAL and all(failure.held for failure in run.failed):
        return Refused.exit_status
    return {
        Outcome.DONE: 0,
        Outcome.PARTIAL: errors.PartialApply.exit_status,
        Outcome.RUNNING: errors.StillRunning.exit_status,
        Outcome.INTERRUPTED: errors.Interrupted.exit_status,
    }[run.outcome]


def _blocked(plan: Plan) -> int:
    """Says what a policy held back."""
    if not plan.blocked:
        return 0
    names = ", ".join(str(change.address) for change in plan.blocked)
    if session().format == "text":
        tell(f"Refused: {names}; see what is blocked above.")
    return Refused.exit_status


def _events(wishes: Wishes) -> JsonView | None:
    if wishes.format != "jsonl":
        return None
    from pzdecl import __version__
    from pzdecl.views.run_json import JsonView

    session().events = JsonView(sys.stdout, __version__)
    return session().events


def progress_view() -> LineView | LiveView:
    """Shows on standard error how a run gets on: a live table on a terminal, lines elsewhere."""
    style = session().style(sys.stderr)
    if sys.stderr.isatty() and style.unicode and style.color:
        from pzdecl.views.run_live import LiveView

        return LiveView(sys.stderr)
    from pzdecl.views.run_lines import LineView

    return LineView(sys.stderr, style)


def _can_ask(wishes: Wishes) -> None:
    if not (wishes.auto_approve or session().interactive):
        raise UsageError(
            "there is no terminal to ask for approval",
            hint="give --auto-approve, or save a plan with plan --out FILE and apply that",
        )


def _ask(plan: Plan, *, destroy: bool) -> None:
    """Only `yes` goes on; to destroy, the environment's name."""
    wanted = plan.environment if destroy else "yes"
    try:
        sys.stderr.write(f"\nType {wanted} to {'destroy all this' if destroy else 'apply this'}: ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise Interrupted("interrupted; nothing was changed") from None
    if not answer.endswith("\n"):  # Ctrl-D leaves the cursor behind the question
        sys.stderr.write("\n")
    if answer.strip() != wanted:
        raise PzdeclError("not approved; nothing was changed")
