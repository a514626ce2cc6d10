"""The reading half of a state, whatever it is kept in."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.state.errors import Where
from pzdecl.state.model import Deposed, Failure, Fingerprints, Intent, LockInfo, Recorded, RunRecord


class StateReader(ABC):
    """What a state says. Where there is none yet it is empty: lineage "", serial 0, no rows.

    Every method may raise StateDamaged or StateUnwritable. All kinds of state answer the same SQL, with `?` for
    parameters; what it may be is what SQLite and PostgreSQL understand alike.
    """

    where: Where
    """Its file, or in words where it is."""

    @abstractmethod
    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now, None if nobody does."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of what it is kept in. Reading afterwards finds nothing."""

    @abstractmethod
    def select(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no state yet."""

    @property
    def lineage(self) -> str:
        """A UUID given at birth; "" where there is no state yet."""
        return str(self._meta("lineage", ""))

    @property
    def serial(self) -> int:
        """Grows with every run that changed something."""
        return int(self._meta("serial", 0))

    def resources(self) -> dict[Address, Recorded]:
        """Every managed resource, sorted by address."""
        found = (_recorded(row) for row in self.select(f"SELECT {ROW} FROM resources"))
        return {row.address: row for row in sorted(found, key=lambda row: row.address)}

    def resource(self, address: Address) -> Recorded | None:
        """One row, None where the address is not managed."""
        rows = self.select(f"SELECT {ROW} FROM resources WHERE address = ?", str(address))
        return _recorded(rows[0]) if rows else None

    def mentioning(self, address: Address) -> list[Recorded]:
        """The address's own row and all that may speak of it, as what they need, read or refer to by name."""
        whole, name = f'%"{address}"%', f'%"{address.name}"%'
        rows = self.select(
            f"SELECT {ROW} FROM resources "
            "WHERE address = ? OR dependencies LIKE ? OR data LIKE ? OR inputs LIKE ?",
            *(str(address), whole, whole, name),
        )
        return [_recorded(row) for row in rows]

    def arns(self) -> dict[Address, str]:
        """The ARN of every managed resource: much less to read than all of the rows."""
        return {
            Address.parse(address): arn for address, arn in self.select("SELECT address, arn FROM resources")
        }

    def deposed(self) -> list[Deposed]:
        """What replacements left, sorted by address and ARN."""
        return self._deposed("")

    def deposed_mentioning(self, address: Address) -> list[Deposed]:
        """What replacements of the address left, and of what needed it."""
        return self._deposed("WHERE address = ? OR dependencies LIKE ?", str(address), f'%"{address}"%')

    def _deposed(self, where: str, *parameters: str) -> list[Deposed]:
        rows = self.select(
            f"SELECT address, name, arn, dependencies FROM deposed {where} ORDER BY address, arn", *parameters
        )
        return [
            Deposed(Address.parse(address), name, arn, _addresses(dependencies))
            for address, name, arn, dependencies in rows
        ]

    def intents(self) -> list[Intent]:
        """Steps begun and not known to be finished, oldest first."""
        rows = self.select(
            "SELECT address, step, op, name, arn, run FROM steps WHERE status = 'open' ORDER BY began, rowid"
        )
        return [Intent(Address.parse(address), *rest) for address, *rest in rows]

    def failures(self) -> dict[Address, list[Failure]]:
        """What the service ended in failure since each address was last ready, oldest first."""
        found: dict[Address, list[Failure]] = {}
        for address, *rest in self.select(
            "SELECT address, op, name, arn, message FROM failures ORDER BY address, failed, rowid"
        ):
            failure = Failure(Address.parse(address), *rest)
            found.setdefault(failure.address, []).append(failure)
        return found

    def runs(self, limit: int = 20) -> list[RunRecord]:
        """History, newest first. A run without an outcome was killed, or still runs (`lock_info` tells)."""
        rows = self.select(
            "SELECT id, command, who, started, ended, outcome, counts, plan FROM runs "
            "ORDER BY started DESC, rowid DESC LIMIT ?",
            limit,
        )
        return [
            RunRecord(
                id=run,
                command=command,
                who=who,
                started=datetime.fromtimestamp(started, UTC),
                ended=None if ended is None else datetime.fromtimestamp(ended, UTC),
                outcome=outcome,
                counts=json.loads(counts),
                plan=plan,
            )
            for run, command, who, started, ended, outcome, counts, plan in rows
        ]

    def done_steps(self, plan: str) -> frozenset[str]:
        """The steps of the plan of this digest that unfinished runs of it have done.

        Empty once that plan was carried out, or another one was applied since: then it is stale, not half done.
        """
        runs: list[str] = []
        for record in self.runs(limit=1000):
            if record.plan != plan or record.outcome == "done":
                break
            runs.append(record.id)
        done: set[str] = set()
        for run in runs:
            done.update(
                step for (step,) in self.select("SELECT step FROM steps WHERE run = ? AND status = 'done'", run)
            )
        return frozenset(done)

    def _meta(self, key: str, default: Any) -> Any:
        rows = self.select("SELECT value FROM meta WHERE key = ?", key)
        return rows[0][0] if rows else default


ROW = (
    "address, name, arn, inputs, bindings, tags, spec_fingerprint, data_fingerprint, parents_fingerprint, "
    "metadata_fingerprint, attributes, data, dependencies, protect, on_delete, source"
)
"""The columns of a resource, in the order of `_recorded`."""


def _recorded(row: Iterable[Any]) -> Recorded:
    (address, name, arn, inputs, bindings, tags, spec, data_print, parents, metadata, *rest) = row
    attributes, data, dependencies, protect, on_delete, source = rest
    # All the JSON of a row in one go: starting the parser takes longer than what it reads.
    texts = (inputs, bindings, tags, attributes, data or "null", dependencies)
    inputs, bindings, tags, attributes, data, dependencies = json.loads(f"[{','.join(texts)}]")
    return Recorded(
        address=Address.parse(address),
        name=name,
        arn=arn,
        inputs=inputs,
        bindings=bindings,
        tags=tags,
        fingerprints=Fingerprints(spec, data_print, parents, metadata),
        attributes=attributes,
        data=data,
        dependencies=tuple(Address.parse(text) for text in dependencies),
        protect=bool(protect),
        on_delete=on_delete,
        source=source,
    )


def _addresses(text: str) -> tuple[Address, ...]:
    return tuple(Address.parse(address) for address in json.loads(text))
