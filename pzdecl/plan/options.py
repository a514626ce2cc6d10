"""What the command line may ask of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pzdecl.errors import UsageError, nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How to plan.

    destroy        everything that state knows goes, but what is protected
    refresh_only   takes into state what the service shows otherwise, and plans nothing else
    refresh        False: believe state and read nothing from the service
    allow_destroy  resources that hold data and may be deleted or replaced all the same
    retrain        jobs that run again without another reason (`SolutionVersion/x`; `Solution/x` means that too)
    replace        resources that are replaced without another reason
    pins           campaigns to put back to a version (its ARN), or to release (None)
    scope          the addresses that the plan is about; None: all. What is left out stays as it is on record
    data           by address of an import: `{"sha256", "bytes", "rows"}` of the content it reads, and
                   `appended` (True: the content on record is the beginning of it); none for what lies elsewhere
    """

    destroy: bool = False
    refresh_only: bool = False
    refresh: bool = True
    allow_destroy: frozenset[Address] = frozenset()
    retrain: frozenset[Address] = frozenset()
    replace: frozenset[Address] = frozenset()
    pins: Mapping[Address, str | None] = field(default_factory=dict)
    scope: frozenset[Address] | None = None
    data: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)


def within(flag: str, addresses: Iterable[Address], scope: frozenset[Address] | None) -> None:
    """Raises UsageError for an address that the plan is asked to act on and told to leave alone."""
    left = sorted(address for address in addresses if scope is not None and address not in scope)
    if left:
        raise UsageError(
            f"{flag} {left[0]}: --target and --exclude leave it out of this plan",
            hint=f"add --target {left[0]}, or leave {flag} out",
        )


def jobs(addresses: Iterable[Address], known: Iterable[Address]) -> frozenset[Address]:
    """The jobs behind `--retrain`. Raises UsageError for what is no job of this project."""
    names = set(known)
    found = set()
    for address in checked("--retrain", addresses, names):
        version = Address("SolutionVersion", address.name)
        if KINDS[address.kind].run_action:
            found.add(address)
        elif address.kind == "Solution" and version in names:
            found.add(version)
        else:
            raise UsageError(
                f"--retrain {address}: a {address.kind} is neither imported nor trained",
                hint="name a SolutionVersion/NAME, a DatasetImport/NAME or another job",
            )
    return frozenset(found)


def replaceable(addresses: Iterable[Address], known: Iterable[Address]) -> frozenset[Address]:
    """The resources behind `--replace`. Raises UsageError for jobs, which are run again and not replaced."""
    found = checked("--replace", addresses, known)
    for address in found:
        if KINDS[address.kind].run_action:
            raise UsageError(
                f"--replace {address}: a {address.kind} is run again, not replaced",
                hint=f"use --retrain {address}",
            )
    return found


def checked(flag: str, addresses: Iterable[Address], known: Iterable[Address]) -> frozenset[Address]:
    """The addresses, all of them known. Raises UsageError with the nearest one."""
    names = {str(address) for address in known}
    for address in sorted(addresses):
        if str(address) not in names:
            close = nearest(str(address), sorted(names))
            raise UsageError(
                f"{flag} {address}: the project has no such resource",
                hint=f"did you mean {close}?" if close else "`pzdecl state list` shows what there is",
            )
    return frozenset(addresses)
