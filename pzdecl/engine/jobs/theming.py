"""Batch inference jobs that make themes: each list of recommendations gets one, and is put in its order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.selection import Serving
from pzdecl.engine.api.themes import item_name, items_problem
from pzdecl.engine.filters.table import SEPARATOR
from pzdecl.engine.jobs.control import JobFailed
from pzdecl.engine.jobs.lines import Asked, Outcome
from pzdecl.engine.serving.themes import Background, Described, Theme, themes

if TYPE_CHECKING:
    from pzdecl.engine.filters.table import Table

FAIR = 5_000
"""Items of the catalogue, evenly spread, that tell how frequent terms are; all where there are fewer."""


class Themed:
    """Gives each answer a theme. The items' data are those at the moment when it is made."""

    def __init__(
        self, context: Context, serving: Serving, answer: Callable[[Sequence[Asked]], Sequence[Outcome]]
    ) -> None:
        """`answer` recommends. Raises JobFailed where the items are there no more."""
        self._answer = answer
        name = item_name(serving.campaign.body)
        table = context.sources.table(context.store, serving.group, "ITEMS")
        if problem := items_problem(list(table.columns.values()) if table else None, name):
            raise JobFailed(problem)
        assert table is not None
        self._items = Items(table, name)
        self._background = Background(self._items.spread(FAIR))

    def answer(self, lines: Sequence[Asked]) -> list[Outcome]:
        """An outcome for each line; an answer whose items have nothing in common is an error."""
        outcomes = list(self._answer(lines))
        lists = {
            place: list(one["recommendedItems"])
            for place, one in enumerate(outcomes)
            if not isinstance(one, str)
        }
        found = themes([self._items.described(one) for one in lists.values()], self._background)
        for (place, items), theme in zip(lists.items(), found, strict=True):
            outcomes[place] = themed(items, theme) if theme else self._nothing(items)
        return outcomes

    def _nothing(self, items: Sequence[str]) -> str:
        if not items:
            return "there is no theme, since nothing is recommended: the filter lets no item through"
        return (
            "there is no theme: nothing in " + ", ".join(self._items.columns) + " that two of the recommended "
            "items share sets them apart from the others"
        )


def themed(items: Sequence[str], theme: Theme) -> dict[str, Any]:
    """The output of a line: the items that bear the theme most come first, equal ones as recommended."""
    order = sorted(range(len(items)), key=lambda place: -theme.relevance[place])
    return {
        "recommendedItems": [items[place] for place in order],
        "theme": theme.text,
        "itemsThemeRelevanceScores": [theme.relevance[place] for place in order],
    }


class Items:
    """What the Items dataset tells of items in words: their name, categories, and the textual column."""

    def __init__(self, table: Table, name: str) -> None:
        self._table = table
        columns = [one for one in table.columns.values() if one.type == "string"]
        named = table.columns[name]
        self._texts = list(
            dict.fromkeys(
                [*([] if named.categorical else [name]), *(one.name for one in columns if one.textual)]
            )
        )
        self._categories = [one.name for one in columns if one.categorical]

    @property
    def columns(self) -> list[str]:
        """The columns that are read."""
        return [*self._texts, *self._categories]

    def described(self, items: Sequence[str]) -> list[Described]:
        """Some items; those without a row have no words."""
        rows = {item: row for item in items if (row := self._table.ids.find(item)) is not None}
        known = dict(zip(rows, self._read(list(rows.values())), strict=True))
        return [known.get(item, Described()) for item in items]

    def spread(self, most: int) -> list[Described]:
        """Up to so many of all items, evenly spread over their ids."""
        count = len(self._table)
        return self._read([place * count // min(most, count) for place in range(min(most, count))])

    def _read(self, rows: Sequence[int]) -> list[Described]:
        texts = [self._table.cells(name, rows) for name in self._texts]
        categories = [self._table.cells(name, rows) for name in self._categories]
        return [
            Described(
                [column[row] for column in texts if column[row]],
                [value for column in categories if column[row] for value in column[row].split(SEPARATOR)],
            )
            for row in range(len(rows))
        ]
