"""`pzdecl plan`: what would change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, tell, write
from pzdecl.errors import PzdeclError

if TYPE_CHECKING:
    from pzdecl.plan.model import Plan
    from pzdecl.project import Project

CHANGES = 2
REFUSED = 4


def command(
    *,
    format: options.PlanFormat = "text",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Saves the plan for apply.")] = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit 0: no changes, 2: changes, 4: some are blocked."),
    ] = False,
    destroy: Annotated[bool, typer.Option("--destroy", help="Plans to delete everything.")] = False,
    no_refresh: options.NoRefresh = False,
    refresh_only: options.RefreshOnly = False,
    allow_destroy: options.AllowDestroy = None,
    retrain: options.Retrain = None,
    replace: options.Replace = None,
    target: options.Target = None,
    exclude: options.Exclude = None,
) -> int:
    """Shows what apply would do, and why. Changes nothing."""
    project = session().load()
    if out is not None:
        _check_out(project, out)
    made = project.plan(
        destroy=destroy,
        refresh=not no_refresh,
        refresh_only=refresh_only,
        allow_destroy=allow_destroy or (),
        retrain=retrain or (),
        replace=replace or (),
        target=target or (),
        exclude=exclude or (),
    )
    if out is not None:
        _save(made, out)
    show(made, format)
    if out is not None and made.has_changes and not session().automated:
        tell(f"Saved. Carry it out with: {session().again('apply', str(out))}")
    if detailed_exitcode and made.blocked:
        return REFUSED
    return CHANGES if detailed_exitcode and made.has_changes else 0


def _check_out(project: Project, out: Path) -> None:
    """Refuses a place where a plan would be read as a manifest, or take that of a file that is no plan."""
    hint = "name another file, such as pzdecl plan --out shop.plan"
    if out.suffix in (".yaml", ".yml") and not out.exists():
        root, place = project.root.resolve(), out.resolve()
        hidden = any(part.startswith(".") for part in place.parts[len(root.parts) :])
        if place.is_relative_to(root) and not hidden:
            raise PzdeclError(f"{out} would be read as a manifest of this project", hint=hint)
    if out.is_file():
        with out.open("rb") as found:
            if found.read(1) not in (b"{", b""):
                raise PzdeclError(f"{out} is there already, and is no plan; it was left as it is", hint=hint)


def _save(plan: Plan, out: Path) -> None:
    from pzdecl.plan import file

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(file.dump(plan))
    except OSError as error:
        raise PzdeclError(
            f"the plan can't be saved as {out}: {error.strerror}",
            hint="name a file: pzdecl plan --out FILE",
        ) from None


def show(plan: object, format: Literal["text", "json", "markdown", "github", "junit", "sarif"]) -> None:
    """Writes a plan in the asked-for format."""
    from pzdecl.plan.model import Plan

    assert isinstance(plan, Plan)
    match format:
        case "json":
            from pzdecl.views import json_plan

            write(json_plan.render(plan))
        case "markdown":
            from pzdecl.views import plan_markdown

            write(plan_markdown.render(plan))
        case "github":
            from pzdecl.views import github
            from pzdecl.views.places import in_repository

            write(github.render(plan, in_repository(session().root)))
        case "junit":
            from pzdecl.views import findings, junit

            addresses = [str(change.address) for change in plan.changes]
            write(junit.render(f"{plan.project}.{plan.environment}", addresses, findings.of_plan(plan)))
        case "sarif":
            from pzdecl.views import findings, sarif
            from pzdecl.views.places import in_repository

            write(sarif.render(findings.of_plan(plan), in_repository(session().root)))
        case "text":
            from pzdecl.views import plan_text

            write(plan_text.render(plan, session().style(sys.stdout)))
