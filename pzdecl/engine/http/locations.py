"""Which files of this machine a client of the server may name: those below the roots that its operator allowed.

Whoever calls the engine in process can read the machine's files anyway. A client of the server can't, and must
not be able to through an import job.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pzdecl.engine.api.model import service_model
from pzdecl.engine.data.location import data_files, local_path
from pzdecl.engine.errors import InvalidInputException

LOCATION = "S3Location"
"""The shape of every data location in the API."""


class DataRoots:
    """Folders below which clients may name files and folders. Without any, no local path is allowed."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(root.resolve() for root in roots)

    def check(self, shape: str, service: str, params: Mapping[str, Any]) -> None:
        """Looks at every data location of a valid request. Raises InvalidInputException.

        Links are followed first, and every file of a folder is looked at. What is refused is refused in the
        same words whether it exists or not.
        """
        for path in _paths(shape, service):
            for location in _at(params, path):
                if not self._allows(location):
                    self._refuse(".".join(path), location)

    def _allows(self, location: str) -> bool:
        try:
            path = local_path(location)
        except ValueError:
            return True  # no path of this machine: the engine knows what to do with it
        try:
            resolved = path.resolve()
            if not self._below(resolved):
                return False
            return not resolved.is_dir() or all(self._below(one.resolve()) for _, one in data_files(resolved))
        except (OSError, ValueError, RuntimeError):  # no such path can be: a loop of links, a zero byte
            return False

    def _below(self, path: Path) -> bool:
        return any(path.is_relative_to(root) for root in self._roots)

    def _refuse(self, where: str, location: str) -> None:
        if self._roots:
            why = "is not below a folder that this server was allowed to read (pzdecl serve --data-root)"
        else:
            why = "is a path of the server, which was not allowed to read any (pzdecl serve --data-root)"
        raise InvalidInputException(f"Invalid Data location. {where} is {location!r}, which {why}")


@functools.cache
def _paths(shape: str, service: str) -> tuple[tuple[str, ...], ...]:
    """Where a request shape has data locations: `("dataSource", "dataLocation")`."""

    def walk(name: str, path: tuple[str, ...], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if name == LOCATION:
            yield path
        found = service_model(service)["shapes"][name]
        if found["type"] == "structure" and name not in above:
            for member, target in found["members"].items():
                yield from walk(target["shape"], (*path, member), (*above, name))

    return tuple(walk(shape, (), ()))


def _at(value: Any, path: Sequence[str]) -> Iterator[str]:
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return
        value = value[part]
    if isinstance(value, str):
        yield value
