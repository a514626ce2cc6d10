"""What may be declared in places that could not be read, so that no reference to it is called wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pzdecl.kinds.address import Address


@dataclass(slots=True)
class Lost:
    """Documents that exist, and are no resources because of errors of their own."""

    texts: list[str] = field(default_factory=list)
    """The text of files that are no YAML."""
    names: set[str] = field(default_factory=set)
    """Names in documents whose kind is unknown or that were not expanded; placeholders stand for any text."""
    anything: bool = False
    """Whether there are files whose text is not known."""

    def may_hold(self, address: Address) -> bool:
        """Whether the resource may well be one of those."""
        word = re.compile(rf"(?<![\w-]){re.escape(address.name)}(?![\w-])")
        return (
            self.anything
            or any(_pattern(name).fullmatch(address.name) for name in self.names)
            or any(word.search(text) for text in self.texts)
        )


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\$\{.*?\}", name)))
