"""What a plan leaves open in its requests and rows, filled in as the run learns it.

::

    {"$arn": "Kind/name"}        the ARN of an address, once it is there
    {"$path": "data/users.csv"}  a file below the project's root, as this machine's absolute path
    {"$sensitive": "spec.path"}  a value that is never saved
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pzdecl.errors import PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Step


class Placeholders:
    """Fills in placeholders. `arns` grows while the run makes things."""

    def __init__(
        self, arns: Mapping[Address, str], root: Path, sensitive: Callable[[Address, str], Any]
    ) -> None:
        self.arns: dict[Address, str] = dict(arns)
        self._root = root
        self._sensitive = sensitive

    def params(self, step: Step) -> dict[str, Any]:
        """The parameters of the step's request, complete. Raises PzdeclError for an ARN that isn't known."""
        filled: dict[str, Any] = self._fill(step.params, step.address, row=False)
        return filled

    def row(self, step: Step) -> dict[str, Any]:
        """The step's row. Sensitive values and paths stay placeholders: state holds neither secrets nor the
        folders of one machine.
        """
        filled: dict[str, Any] = self._fill(step.record or {}, step.address, row=True)
        return filled

    def bindings(self, step: Step) -> dict[str, Any]:
        """The ARNs that the step's row takes from others."""
        filled: dict[str, Any] = self._fill((step.record or {}).get("bindings", {}), step.address, row=True)
        return filled

    def _fill(self, value: Any, owner: Address, *, row: bool) -> Any:
        if isinstance(value, Mapping):
            if len(value) == 1:
                ((key, target),) = value.items()
                if key == "$arn":
                    return self._arn(Address.parse(target), owner)
                if key == "$path" and not row:
                    return str((self._root / target).resolve())
                if key == "$sensitive" and not row:
                    return self._sensitive(owner, target)
            return {key: self._fill(item, owner, row=row) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._fill(item, owner, row=row) for item in value]
        return value

    def _arn(self, address: Address, owner: Address) -> str:
        try:
            return self.arns[address]
        except KeyError:
            raise PzdeclError(
                f"{owner} needs the ARN of {address}, which does not exist yet",
                hint="make a new plan that includes it: a plan for a part of the project may have left it out",
            ) from None
