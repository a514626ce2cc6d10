"""Small tables in plain text and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from pzdecl.views.style import PLAIN, Style

Row = Sequence[str]


def text(header: Row, rows: Sequence[Row], right: frozenset[int] = frozenset(), style: Style = PLAIN) -> str:
    """Columns two spaces apart, those in `right` flush right; ends in a newline."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(row: Row) -> str:
        cells = (
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(cells).rstrip()

    return "\n".join([style.paint(line(header), "bold"), *map(line, rows)]) + "\n"


def markdown(header: Row, rows: Sequence[Row], right: frozenset[int] = frozenset()) -> str:
    """A Markdown table; pipes in cells are escaped."""
    lines = [header, ["--:" if i in right else "---" for i in range(len(header))], *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in lines) + "\n"
