"""`pzdecl adopt ADDR ARN`: one resource that a manifest declares and somebody else made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pzdecl.adoption.rows import Adopter
from pzdecl.errors import PzdeclError, UsageError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind, Status
from pzdecl.kinds.listing import items
from pzdecl.kinds.names import tail
from pzdecl.plan.refresh import describe
from pzdecl.project.fitting import check_target
from pzdecl.providers.client import ReadClient

if TYPE_CHECKING:
    from pzdecl.project import Project
    from pzdecl.state import State


def adopt(project: Project, text: str, arn: str) -> list[str]:
    """Records the resource at an ARN as the address, a Solution's newest trained version too.

    Nothing in the service changes. Returns what was taken for granted. Raises UsageError for an address that no
    manifest declares or that is managed, PzdeclError for an ARN with nothing of that kind, or where the state
    is about another account or region, ServiceError.
    """
    address = project.address(text)
    desired = project.declared.resources.get(address)
    if desired is None:
        raise UsageError(f"{address} is not declared", hint="write its manifest first, or use --all")
    with project.locked(command="adopt") as state, project.client() as client:
        rows = state.resources()
        check_target(client, (row.arn for row in rows.values()), "the state")
        _refuse_managed(rows, address, arn)
        unfinished = [one for one in state.intents() if one.address == address]
        if unfinished:
            raise PzdeclError(
                f"an earlier run of {address} is not finished", hint="run `pzdecl apply` to go on with it"
            )
        adopter = Adopter(project.declared, client, rows)
        made = [adopter.row(desired, arn, found(KINDS[address.kind], arn, client))]
        version = project.declared.resources.get(Address("SolutionVersion", address.name))
        if address.kind == "Solution" and version is not None and version.address not in rows:
            newest = newest_version(client, arn)
            if newest:
                about = found(KINDS["SolutionVersion"], newest, client)
                made.append(adopter.row(version, newest, about))
        with recording(state, "adopt", len(made)) as run:
            for row in made:
                kind = KINDS[row.address.kind]
                state.record(run, f"adopt:{row.address}", row, deletable=kind.deletable)
    return adopter.assumed


def found(kind: Kind, arn: str, client: ReadClient) -> Mapping[str, Any]:
    """The description of what is at an ARN. Raises PzdeclError where there is nothing that can be managed."""
    if tail(arn) is None:
        raise UsageError(f"{arn} is no ARN of Amazon Personalize", hint="expected arn:aws:personalize:…")
    description = describe(kind, arn, client)
    if description is None:
        raise PzdeclError(
            f"there is no {kind.name} at {arn}",
            hint="look at the account, the region and the address's kind",
        )
    status = str(description.get("status", "ACTIVE"))
    if kind.status(description) is not Status.READY:
        raise PzdeclError(f"{arn} can't be adopted: its status is {status}", hint="expected ACTIVE")
    return description


def newest_version(client: ReadClient, solution: str) -> str | None:
    """The ARN of a solution's newest trained version."""
    operations = KINDS["SolutionVersion"].operations
    listed = [one for one in items(client, operations, solutionArn=solution) if one["status"] == "ACTIVE"]
    newest = max(listed, key=lambda one: one["creationDateTime"], default=None)
    return str(newest[operations.arn_key]) if newest else None


@contextmanager
def recording(state: State, command: str, count: int) -> Iterator[str]:
    """A line of history around rows that are written together or not at all."""
    run = state.begin_run(command=command, plan=None)
    try:
        with state.transaction():
            yield run
    except BaseException:
        state.end_run(run, outcome="partial", counts={})
        raise
    state.end_run(run, outcome="done", counts={"adopt": count})


def _refuse_managed(rows: Mapping[Address, Any], address: Address, arn: str) -> None:
    if address in rows:
        same = " as this very resource" if rows[address].arn == arn else f": {rows[address].arn}"
        raise UsageError(f"{address} is managed already{same}", hint=f"`pzdecl state rm {address}` forgets it")
    owner = next((one for one, row in rows.items() if row.arn == arn), None)
    if owner:
        raise UsageError(f"{arn} is managed already, as {owner}", hint=f"`pzdecl state mv {owner} {address}`")
