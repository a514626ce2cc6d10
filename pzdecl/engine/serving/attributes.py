"""The attributes of the items that a model knows: for each value of a column, the items that have it.

In a model's tensors, for each column NAME of a KIND (`categorical` or `numeric`): the sorted values as text
(`Ids`) under `attribute.KIND.NAME`, and the items of value v as
`attribute.KIND.NAME.items[attribute.KIND.NAME.rows[v] : ...rows[v + 1]]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving.expression import Condition, ExpressionError, parse
from pzdecl.engine.serving.files import Ids
from pzdecl.errors import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREFIX = "attribute."


def pack(kind: str, name: str, values: Mapping[str, NDArray[np.int32]]) -> dict[str, NDArray[Any]]:
    """The tensors of a column: the items that have each value."""
    import numpy as np

    key = f"{PREFIX}{kind}.{name}"
    ordered = sorted(values, key=str.encode)
    return {
        **Ids.pack(key, ordered),
        f"{key}.rows": np.cumsum([0, *(len(values[value]) for value in ordered)]).astype(np.int64),
        f"{key}.items": np.concatenate([np.zeros(0, np.int32), *(values[value] for value in ordered)]),
    }


def number_text(value: float) -> str:
    """A number as values are kept: `1995` for 1995.0, else the shortest text that gives it back."""
    return str(int(value)) if value == int(value) else repr(float(value))


class Attributes:
    """Looks items up by their attributes."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.tensors = tensors
        ends = ".rows"
        keys = [n.removesuffix(ends) for n in tensors if n.startswith(PREFIX) and n.endswith(ends)]
        self._keys = {key.split(".", 2)[2]: key for key in keys}

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return sorted(self._keys)

    def values(self, column: str) -> list[str]:
        """All values of a column, as text."""
        return list(Ids.unpack(self._keys[column], self.tensors))

    def items(self, column: str, value: str) -> NDArray[np.int32]:
        """The items that have a value. Raises KeyError."""
        key = self._keys[column]
        code = Ids.unpack(key, self.tensors).find(value)
        if code is None:
            raise KeyError(value)
        rows: NDArray[np.int64] = self.tensors[f"{key}.rows"]
        found: NDArray[np.int32] = self.tensors[f"{key}.items"][rows[code] : rows[code + 1]]
        return found

    def items_with(self, expression: str) -> NDArray[np.int32]:
        """The items that fit an expression, sorted. Raises ExpressionError where there is none."""
        from functools import reduce

        import numpy as np

        fitting = [self._fitting(condition) for condition in parse(expression)]
        found = reduce(np.intersect1d, fitting)
        if not len(found):
            raise ExpressionError(f"no item fits all of {expression}")
        return np.asarray(found, np.int32)

    def _fitting(self, condition: Condition) -> NDArray[np.int32]:
        if condition.dataset != "ITEMS":
            raise ExpressionError(
                f"{condition.dataset}.{condition.column} is no attribute of items: "
                f"expected ITEMS.{condition.column}"
            )
        folded = {name.casefold(): name for name in self._keys}
        column = folded.get(condition.column.casefold())
        if column is None:
            near = nearest(condition.column, self._keys)
            meant = f" (did you mean {near}?)" if near else ""
            raise ExpressionError(
                f"the version was not trained on ITEMS.{condition.column}: expected one of "
                f"{', '.join(self.columns)}{meant}"
            )
        value = self._text(column, condition.value)
        try:
            return self.items(column, value)
        except KeyError:
            near = nearest(value, self.values(column))
            meant = f" (did you mean {near}?)" if near else ""
            raise ExpressionError(
                f"no item had {value!r} in ITEMS.{column} when the version was trained{meant}"
            ) from None

    def _text(self, column: str, value: str | float) -> str:
        if isinstance(value, float):
            return number_text(value)
        if self._keys[column].startswith(f"{PREFIX}numeric."):
            try:
                return number_text(float(value))
            except ValueError:
                raise ExpressionError(f"ITEMS.{column} is numeric: expected a number, not {value!r}") from None
        return value
