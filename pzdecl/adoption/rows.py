"""The row of state for something that is there and was made by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pzdecl.adoption import reading
from pzdecl.errors import PzdeclError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.manifests.data import fingerprint
from pzdecl.manifests.model import Desired, Project
from pzdecl.plan.diff import replaced
from pzdecl.plan.refresh import tags_of
from pzdecl.plan.secrets import Secrets
from pzdecl.providers.client import ReadClient
from pzdecl.state.codec import fingerprint as digest
from pzdecl.state.model import Fingerprints, Recorded

Rows = Mapping[Address, Recorded]
ROLES = ("roleArn", "metricsOutputConfig.roleArn")
"""Where inputs name the role by which the service reads and writes Amazon S3."""


class Adopter:
    """Makes rows, those of what is above first."""

    def __init__(self, project: Project, client: ReadClient, rows: Rows) -> None:
        self._project = project
        self._client = client
        self._secrets = Secrets(project.name, project.environment)
        self.rows: dict[Address, Recorded] = dict(rows)
        self.assumed: list[str] = []
        """What could not be looked at, and was taken for granted."""

    def row(
        self,
        desired: Desired,
        arn: str,
        description: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
    ) -> Recorded:
        """The row of a declared resource; it goes into `rows`. `tags` are read unless they are given.

        Raises PzdeclError where something above it is not managed yet, or is managed as something else.
        """
        address, kind = desired.address, KINDS[desired.address.kind]
        for needed in (one.target for one in desired.references if one.target):
            if needed not in self.rows:
                raise PzdeclError(
                    f"{address} refers to {needed}, which is not managed yet",
                    hint=f"adopt it first: pzdecl adopt {needed} ARN",
                )
        if tags is None:
            tags = (tags_of(arn, self._client) or {}) if kind.taggable else {}
        if kind.name == "SolutionVersion":
            inputs = desired.inputs
        else:
            inputs = reading.inputs(kind, reading.spec(kind, description, self._named, self._client))
            inputs = self._without_our_role(desired, self._located(desired, inputs))
        for path in desired.sensitive:
            bare = path.removeprefix("spec.")
            if (value := lookup(inputs, bare)) is not None:
                inputs = replaced(inputs, bare, self._secrets.marker(address, value))
        bindings = self._bindings(desired, inputs, description)
        name = str(description.get("name") or description.get("jobName") or arn.rpartition("/")[2])
        data = self._data(desired, name)
        protect, on_delete = desired.lifecycle.protect, desired.lifecycle.on_delete
        made = Recorded(
            address=address,
            name=name,
            arn=arn,
            inputs=inputs,
            bindings=bindings,
            tags=tags,
            fingerprints=Fingerprints(
                digest(inputs),
                digest({key: value.get("sha256") for key, value in data.items()}) if data else "",
                digest(bindings),
                digest([tags, protect, on_delete]),
            ),
            attributes=kind.attributes(description),
            data=data,
            dependencies=desired.depends_on,
            protect=protect,
            on_delete=on_delete,
            source=f"{desired.position.file}:{desired.position.line}",
        )
        self.rows[address] = made
        return made

    def _named(self, kind: str, arn: str) -> str:
        found = (row.address.name for row in self.rows.values() if row.arn == arn and row.address.kind == kind)
        return next(found, arn)

    def _bindings(
        self, desired: Desired, inputs: Mapping[str, Any], description: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The ARNs that it has of others now, under the fields that its kind compares."""

        def arn_of(address: Address) -> Any:
            row = self.rows.get(address)
            return row.arn if row else {"$arn": str(address)}

        bound = KINDS[desired.address.kind].bindings(inputs, arn_of)
        return {
            field: value if str(value).endswith("/$LATEST") else description.get(field, value)
            for field, value in bound.items()
        }

    def _located(self, desired: Desired, inputs: dict[str, Any]) -> dict[str, Any]:
        """Inputs whose locations stand as the manifest has them, where both are the same place."""
        kind = KINDS[desired.address.kind]
        for field in (kind.reads, kind.writes):
            found, wanted = (lookup(one, field) if field else None for one in (inputs, desired.inputs))
            if field and found and wanted and self._absolute(found) == self._absolute(wanted):
                inputs = replaced(inputs, field, wanted)
        return inputs

    def _without_our_role(self, desired: Desired, inputs: dict[str, Any]) -> dict[str, Any]:
        """Inputs without the role that the provider fills in where a manifest names none."""
        from pzdecl.providers.local import NO_ROLE

        kind = KINDS[desired.address.kind]
        for path in ROLES if kind.reads or kind.writes else ():
            if lookup(inputs, path) in (NO_ROLE, self._project.provider.role):
                inputs = replaced(inputs, path, lookup(desired.inputs, path))
        return inputs

    def _absolute(self, location: str) -> str:
        if "://" in location and not location.startswith("file://"):
            return location
        return str((self._project.root / Path(location.removeprefix("file://"))).resolve())

    def _data(self, desired: Desired, name: str) -> dict[str, Any] | None:
        """What a job has read, as far as anybody can tell: what lies there now, and what imports brought."""
        kind, own = KINDS[desired.address.kind], str(desired.address)
        if not kind.run_action:
            return None
        if kind.from_imports:
            merged: dict[str, Any] = {}
            for address in desired.depends_on:
                merged |= (self.rows[address].data or {}) if address in self.rows else {}
            return merged
        content = fingerprint(self._project.root, desired.data) if desired.data else None
        if content is None:
            return {own: {"run": name}}
        known = content.as_dict()
        if kind.name != "DatasetImport":
            known.pop("rows")
        assert desired.data
        self.assumed.append(
            f"{desired.address}: what lies at {desired.data.location} now is taken for what the job had read"
        )
        return {own: known}
