"""Which part of a project a plan is about: `--target`, `--exclude`, and the selectors that they take.

    Campaign/home          one resource; a Solution's training belongs to it
    Campaign/*  */home     by pattern
    kind:campaign          all of a kind
    tag:team=x  tag:team   what has that tag
    changed-since:main     what was added, changed or removed since a Git revision
    +Campaign/home         with everything it needs
    Schema/ratings+        with everything that needs it

What a target needs is always part of the plan, and so is what must go before something that goes can; what
needs an excluded resource is excluded with it. So a partial plan can be carried out as it stands. What is still
to be moved (`moved:`) is named by its former address or by today's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pzdecl.errors import UsageError, nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Project
from pzdecl.plan.survey import pending_moves
from pzdecl.state.model import Recorded
from pzdecl.state.moves import moved

Changed = Callable[[str], Collection[Address]]
"""Of a Git revision: the addresses whose manifests differ from it."""
_PREFIXES = ("kind", "tag", "changed-since")


@dataclass(frozen=True, slots=True)
class Relations:
    """Who needs whom, wanted and on record; both ways."""

    needs: Mapping[Address, frozenset[Address]]
    needed_by: Mapping[Address, frozenset[Address]]

    @classmethod
    def of(cls, project: Project, recorded: Mapping[Address, Recorded], *, destroy: bool) -> Relations:
        """When all is to be destroyed, only what is on record counts."""
        needs: dict[Address, set[Address]] = {
            address: set(row.dependencies) for address, row in recorded.items()
        }
        if not destroy:
            for address, desired in project.resources.items():
                needs.setdefault(address, set()).update(desired.depends_on)
        back: dict[Address, set[Address]] = {}
        for address, parents in needs.items():
            for parent in parents:
                back.setdefault(parent, set()).add(address)
        return cls(
            {a: frozenset(found) for a, found in needs.items()},
            {a: frozenset(found) for a, found in back.items()},
        )

    def above(self, start: Iterable[Address]) -> set[Address]:
        """These, and everything that they need."""
        return _closure(start, self.needs)

    def below(self, start: Iterable[Address]) -> set[Address]:
        """These, and everything that needs them."""
        return _closure(start, self.needed_by)


def scope(
    targets: Iterable[str],
    excludes: Iterable[str],
    project: Project,
    recorded: Mapping[Address, Recorded],
    changed: Changed,
    *,
    destroy: bool = False,
    moves: bool = True,
) -> frozenset[Address] | None:
    """The addresses that a plan is about; None for all. Raises UsageError for a selector that finds nothing.

    moves  whether the plan makes the moves that are still to be made, so that it speaks of today's addresses
    """
    targets, excludes = list(targets), list(excludes)
    if not targets and not excludes:
        return None
    pending = pending_moves(project, recorded)
    recorded = {row.address: row for row in (moved(row, pending) for row in recorded.values())}
    wanted = frozenset() if destroy else frozenset(project.resources)
    known = {*wanted, *recorded}
    relations = Relations.of(project, recorded, destroy=destroy)
    finder = _Finder(project, recorded, known, relations, changed, pending)
    chosen = set(known)
    if targets:
        named = {address for text in targets for address in finder.find("--target", text)}
        chosen = _completed(named, wanted, relations)
    left = {address for text in excludes for address in finder.find("--exclude", text)}
    former = {} if moves else {new: old for old, new in pending.items()}
    return frozenset(former.get(one, one) for one in chosen - _spread(left, wanted, relations))


def _completed(start: set[Address], wanted: Collection[Address], relations: Relations) -> set[Address]:
    """With what is needed, and for what goes, with what must go or move off it before."""
    found = set(start)
    while True:
        above = relations.above(address for address in found if address in wanted)
        below = relations.below(address for address in found if address not in wanted)
        grown = found | above | below
        if grown == found:
            return found
        found = grown


def _spread(start: set[Address], wanted: Collection[Address], relations: Relations) -> set[Address]:
    """With what needs it, and with what would go although something that stays needs it."""
    found = relations.below(start)
    while True:
        held = {need for address in found for need in relations.needs.get(address, ()) if need not in wanted}
        grown = relations.below(found | held)
        if grown == found:
            return found
        found = grown


class _Finder:
    def __init__(
        self,
        project: Project,
        recorded: Mapping[Address, Recorded],
        known: set[Address],
        relations: Relations,
        changed: Changed,
        moves: Mapping[Address, Address],
    ) -> None:
        self.project, self.recorded, self.known, self.moves = project, recorded, known, moves
        self.relations, self.changed = relations, changed

    def find(self, flag: str, text: str) -> set[Address]:
        """What a selector means; never nothing."""
        core = text.removeprefix("+").removesuffix("+")
        found = self._core(flag, core)
        if not found and not core.startswith("changed-since:"):
            raise self._unknown(flag, core)
        versions = {Address("SolutionVersion", a.name) for a in found if a.kind == "Solution"}
        found |= versions & self.known
        above = self.relations.above(found) if text.startswith("+") else set()
        below = self.relations.below(found) if text.endswith("+") else set()
        return (found | above | below) & self.known

    def _core(self, flag: str, core: str) -> set[Address]:
        prefix, colon, value = core.partition(":")
        if not colon:
            named = (*self.known, *self.moves)
            return {self._today(a) for a in named if fnmatchcase(str(a).casefold(), core.casefold())}
        if prefix not in _PREFIXES:
            close = nearest(prefix, _PREFIXES)
            raise UsageError(
                f"{flag} {core}: there is no selector {prefix}:",
                hint=f"did you mean {close}:?" if close else "kind:, tag:, changed-since:, or Kind/name",
            )
        if prefix == "kind":
            return {a for a in self.known if a.kind.casefold() == value.casefold()}
        if prefix == "tag":
            key, equals, wanted = value.partition("=")
            return {a for a in self.known if key in (t := self._tags(a)) and (not equals or t[key] == wanted)}
        return {self._today(a) for a in self.changed(value)} & self.known

    def _today(self, address: Address) -> Address:
        return self.moves.get(address, address)

    def _tags(self, address: Address) -> Mapping[str, str]:
        desired = self.project.resources.get(address)
        return desired.tags if desired else self.recorded[address].tags

    def _unknown(self, flag: str, core: str) -> UsageError:
        kind = core.partition(":")[2] if core.startswith("kind:") else None
        close = nearest(kind, KINDS) if kind else nearest(core, sorted(map(str, self.known)))
        if close:
            close = f"kind:{close}" if kind else close
            return UsageError(f"{flag} {core} is nothing in this project", hint=f"did you mean {close}?")
        return UsageError(
            f"{flag} {core} is nothing in this project",
            hint="`pzdecl graph` and `pzdecl state list` show what is",
        )


def _closure(start: Iterable[Address], edges: Mapping[Address, frozenset[Address]]) -> set[Address]:
    found = set(start)
    queue = list(found)
    while queue:
        for other in edges.get(queue.pop(), ()):
            if other not in found:
                found.add(other)
                queue.append(other)
    return found
