"""What manifests declare and no state knows, by the names that plans give it in the service."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind
from pzdecl.manifests.model import Desired, Project
from pzdecl.plan import naming

RUN_NAME = re.compile(r"(.+)-[0-9a-f]{8}")
"""A name as plans give them to replacements and jobs: the address's, and what tells one from another."""


def plain(name: str) -> str:
    """A name without what tells it from others of its address."""
    found = RUN_NAME.fullmatch(name)
    return found[1] if found else name


class Wanted:
    """Finds the declared resource that something in the service is: each is given once."""

    def __init__(self, project: Project, managed: Collection[Address]) -> None:
        known = set(managed)
        self._left: dict[tuple[str, str], Desired] = {
            (address.kind, naming.plain(address, project.name_prefix)): desired
            for address, desired in project.resources.items()
            if address not in known
        }

    def meet(self, kind: Kind, names: Iterable[str]) -> None:
        """Takes note of all names of a kind that are there: one that replaced another has a name with a hash,
        which is taken for the declared one's where it is the only one.
        """
        found = set(names)
        replaced: dict[str, list[str]] = {}
        for name in found:
            replaced.setdefault(plain(name), []).append(name)
        for own, alike in replaced.items():
            if own not in found and len(alike) == 1 and (desired := self._left.pop((kind.name, own), None)):
                self._left[kind.name, alike[0]] = desired

    def take(self, kind: Kind, name: str) -> Desired | None:
        """The declared resource that has a name in the service."""
        return self._left.pop((kind.name, name), None)

    def former(self, kind: Kind, arns: Sequence[str]) -> set[str]:
        """Of a kind's jobs, in the order in which they ran: the earlier runs of those that are declared."""
        newest = {plain(arn.rpartition("/")[2]): arn for arn in arns}
        return {
            arn
            for arn in arns
            if newest[own := plain(arn.rpartition("/")[2])] != arn and (kind.name, own) in self._left
        }
