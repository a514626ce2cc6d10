"""Addresses: how a resource is called in manifests, plans, state and on the command line."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """`Kind/name`, such as `Solution/movies-hrnn`. Immutable, sorted by kind and name, quick as a key."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Reads `Kind/name`. Raises ValueError if there is no slash or one side is empty."""
        kind, slash, name = text.partition("/")
        if not (slash and kind and name):
            raise ValueError(f"{text!r} is not an address: expected Kind/name, such as Solution/movies")
        return cls(kind, name)
