"""Addresses: how a resource is called in manifests, plans, state and on the command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """`Kind/name`, such as `Solution/movies-hrnn`. Immutable, hashable, sorted by kind and name."""

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
