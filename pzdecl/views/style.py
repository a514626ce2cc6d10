"""How text looks where it lands: colour and symbols, or neither."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}


@dataclass(frozen=True, slots=True)
class Style:
    """`color` adds ANSI codes; without `unicode` symbols fall back to ASCII."""

    color: bool = False
    unicode: bool = True

    def paint(self, text: str, *names: str) -> str:
        """`text` in the named styles (`"bold"`, `"red"`), or as it is without colour."""
        if not (self.color and text and names):
            return text
        return f"\x1b[{';'.join(str(_CODES[name]) for name in names)}m{text}\x1b[0m"

    @property
    def arrow(self) -> str:
        """Between before and after."""
        return "→" if self.unicode else "->"

    @property
    def ellipsis(self) -> str:
        """Where text was cut, or goes on."""
        return "…" if self.unicode else "..."


PLAIN = Style()
