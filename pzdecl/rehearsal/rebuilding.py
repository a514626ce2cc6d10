"""What is on record and what is declared, made ready for an engine that begins with nothing.

Used where the real engine cannot be copied (Amazon Personalize) or is not to be (a sample of the data). Only
what a changed campaign needs is built.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pzdecl.errors import Position, PzdeclError, UsageError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.places import is_remote
from pzdecl.manifests import data
from pzdecl.manifests.model import DataSource, Desired, Lifecycle, Policies
from pzdecl.manifests.model import Project as Declared
from pzdecl.plan.model import Action, Plan
from pzdecl.rehearsal import sampling
from pzdecl.rehearsal.served import SERVING
from pzdecl.state.model import Recorded

Resources = Mapping[Address, Desired]


def recorded(root: Path, rows: Mapping[Address, Recorded], declared: Resources) -> dict[Address, Desired]:
    """What state has on record, as if manifests said so. Sensitive values, which it has not, are today's."""
    found = {}
    for address, row in rows.items():
        now = declared.get(address)
        if "$hash" in json.dumps(row.inputs):
            if now is not None:
                found[address] = now
            continue
        found[address] = Desired(
            address,
            row.inputs,
            Position("state"),
            references=tuple(KINDS[address.kind].references(row.inputs)),
            depends_on=row.dependencies,
            tags=row.tags,
            data=_source(root, address, row.inputs),
        )
    return found


def after(before: Resources, declared: Resources, plan: Plan) -> dict[Address, Desired]:
    """What will be there when the plan is carried out: what it blocks or leaves out stays as it was."""
    found = dict(before)
    for change in plan.changes:
        if change.blocked or change.deposed or change.action is Action.NO_OP:
            continue
        if change.action in (Action.DELETE, Action.FORGET):
            found.pop(change.address, None)
        elif change.address in declared:
            found[change.address] = declared[change.address]
        if change.previous is not None:
            found.pop(change.previous, None)
    return found


def campaigns_that_change(plan: Plan, *sides: Resources) -> list[Address]:
    """The campaigns and recommenders of which something changes that they serve from, sorted.

    New data alone change no recommender: the service trains it again in a rhythm of its own.
    """
    changed = {c.address for c in plan.changes if c.action is not Action.NO_OP and not c.blocked}
    found = set()
    for side in sides:
        for address in side:
            own = needs([address], side) if address.kind in SERVING else set()
            if address.kind == "Recommender":
                own = {one for one in own if one.kind != "DatasetImport"}
            if changed & own:
                found.add(address)
    return sorted(found)


def needs(addresses: Iterable[Address], side: Resources) -> set[Address]:
    """These and all that must be there for them."""
    found: set[Address] = set()
    waiting = [address for address in addresses if address in side]
    while waiting:
        address = waiting.pop()
        if address not in found:
            found.add(address)
            waiting += [need for need in side[address].depends_on if need in side]
    return found


def restricted(declared: Declared, side: Resources, wanted: Collection[Address]) -> Declared:
    """A project of these resources alone, in which nothing is refused: it is a scratch copy."""
    kept = {
        address: replace(desired, lifecycle=Lifecycle(ignore_changes=desired.lifecycle.ignore_changes))
        for address, desired in side.items()
        if address in wanted
    }
    return replace(declared, resources=kept, moved={}, removed={}, policies=Policies())


def without_gates(side: Resources) -> dict[Address, Desired]:
    """What a sample is worth says nothing about a bound."""
    return {
        address: replace(one, inputs={k: v for k, v in one.inputs.items() if k != "gates"})
        if address.kind == "Campaign"
        else one
        for address, one in side.items()
    }


class Data:
    """The data files that the imports of a side read: sampled, cut to what was there, or as they are."""

    def __init__(self, root: Path, folder: Path, share: float, hint: str) -> None:
        """`hint` says how to name a file for `{address}`."""
        self._root, self._folder, self._share, self._hint = root, folder, share, hint
        self.given: Mapping[Address, Path] = {}
        self._made: dict[tuple[Path, int | None], Path] = {}
        self.notes: list[str] = []

    def place(self, side: Resources, rows: Mapping[Address, Recorded] | None = None) -> dict[Address, Desired]:
        """The side with its imports reading what is to be read; `rows`: as it was when they were imported.

        Raises UsageError for data that lies elsewhere, PzdeclError for a file that can't be read.
        """
        placed = dict(side)
        for address, desired in side.items():
            if address.kind == "DatasetImport":
                path = self.given.get(address) or (desired.data.path if desired.data else None)
                if path is None:
                    location = desired.inputs["dataSource"]["dataLocation"]
                    raise UsageError(
                        f"{address} reads {location}, which is not on this machine",
                        hint=self._hint.format(address=address),
                    )
                try:
                    placed[address] = reading(desired, self._root, self._file(address, path, rows))
                except (OSError, UnicodeDecodeError) as error:
                    why = getattr(error, "strerror", None) or error
                    raise PzdeclError(f"{address}: {path} can't be read: {why}") from None
        return placed

    def _file(self, address: Address, path: Path, rows: Mapping[Address, Recorded] | None) -> Path:
        size = None if rows is None or address in self.given else self._was(address, path, rows)
        if (path, size) not in self._made:
            self._made[path, size] = self._make(path, size)
        return self._made[path, size]

    def _make(self, path: Path, size: int | None) -> Path:
        made, name = path, f"{len(self._made)}-{path.name}"
        if size is not None:
            made = self._folder / "beginnings" / name
            sampling.beginning(path, made, size)
        if self._share < 1:
            source, made = made, self._folder / "data" / name
            sampling.sample(source, made, self._share)
        return made

    def _was(self, address: Address, path: Path, rows: Mapping[Address, Recorded]) -> int | None:
        """How much of a file was there when it was imported; None where it is all of it, or can't be told."""
        row = rows.get(address)
        old = ((row.data or {}) if row else {}).get(str(address))
        content = data.fingerprint(self._root, DataSource(str(path), path))
        if old is None or content is None or old.get("sha256") == content.sha256:
            return None
        if data.extends(path, old):
            return int(old["bytes"])
        self.notes.append(
            f"{address}: the data that was imported is not there any more, so before and after are both "
            "trained on today's."
        )
        return None


def reading(desired: Desired, root: Path, path: Path) -> Desired:
    """An import that reads another file."""
    source = {**desired.inputs["dataSource"], "dataLocation": Path(os.path.relpath(path, root)).as_posix()}
    return replace(desired, inputs={**desired.inputs, "dataSource": source}, data=DataSource(str(path), path))


def _source(root: Path, address: Address, inputs: Mapping[str, Any]) -> DataSource | None:
    if address.kind != "DatasetImport":
        return None
    location = str(inputs["dataSource"]["dataLocation"])
    return DataSource(location, None if is_remote(location) else Path(os.path.normpath(root / location)))
