"""Items or users as filters see them: columns of numbers, and of texts with the rows that have each value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.columns import arrow_schema, arrow_type
from pzdecl.engine.data.schema import Column
from pzdecl.engine.filters.ids import Index

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEPARATOR = "|"
"""Between the values of one category cell."""
FEW = 8
"""So many numbers are compared with a column one after the other; more are looked up at once."""


class Numbers:
    """A numeric column over R rows; row R is that of things without any."""

    def __init__(self, column: Any) -> None:
        import numpy as np
        import pyarrow.compute as pc

        empty = column.type.to_pandas_dtype()(0)
        self.values = np.append(pc.fill_null(column, empty).to_numpy(), empty)
        self.there = np.append(pc.is_valid(column).to_numpy(zero_copy_only=False), False)
        self._whole = bool(self.there[:-1].all())

    def compared(self, operator: str, value: int | float) -> NDArray[np.bool_]:
        """bool[R + 1]: which rows hold; a missing value holds only for `!=`."""
        import numpy as np

        functions: dict[str, Any] = {
            "=": np.equal,
            "<": np.less,
            "<=": np.less_equal,
            ">": np.greater,
            ">=": np.greater_equal,
        }
        if operator == "!=":
            return np.asarray(~self.compared("=", value))
        found: NDArray[np.bool_] = functions[operator](self.values, self._exact(value))
        found[-1] = False
        if not self._whole:
            found &= self.there
        return found

    def among(self, values: Iterable[int | float]) -> NDArray[np.bool_]:
        """bool[R + 1]: which rows have one of the values."""
        import numpy as np

        wanted = [self._exact(value) for value in values]
        if len(wanted) > FEW and self.values.dtype.kind == "f":
            found = np.isin(self.values, np.array(wanted, self.values.dtype))
        elif len(wanted) > FEW:
            bounds = np.iinfo(self.values.dtype)  # what is not whole, or beyond them, is in no row
            whole = {int(one) for one in wanted if one == int(one) and bounds.min <= one <= bounds.max}
            found = np.isin(self.values, np.array(sorted(whole), self.values.dtype))
        else:
            found = np.zeros(len(self.values), bool)
            for one in wanted:
                found |= self.values == one
        found &= self.there
        return found

    def of(self, row: int) -> list[int | float]:
        """The value of a row, in a list; empty where it is missing."""
        return [self.values[row].item()] if self.there[row] else []

    def _exact(self, value: int | float) -> Any:
        """In the column's own type: 12.99 is to equal what was imported as that into a float column."""
        import numpy as np

        if self.values.dtype == np.float32:
            with np.errstate(over="ignore"):  # what is too large for it is larger than all that is in it
                return np.float32(value)
        if self.values.dtype.kind == "i" and isinstance(value, int):
            bounds = np.iinfo(self.values.dtype)
            return value if bounds.min <= value <= bounds.max else float(value)
        return float(value)


class Texts:
    """A text column over R rows; row R is that of things without any. Categories may have several values."""

    def __init__(self, column: Any, *, several: bool) -> None:
        import numpy as np

        coded = column.dictionary_encode()
        self._cells: list[str] = coded.dictionary.to_pylist()
        self.codes = np.append(coded.indices.fill_null(len(self._cells)).to_numpy(), len(self._cells))
        self.codes = self.codes.astype(np.intp)  # what numpy takes by without converting
        parts = [cell.split(SEPARATOR) if several else [cell] for cell in self._cells]
        self._parts = [[part for part in one if part] for one in parts]
        self._with: dict[str, list[int]] = {}
        for code, values in enumerate(self._parts):
            for value in dict.fromkeys(values):
                self._with.setdefault(value, []).append(code)

    def among(self, values: Iterable[str]) -> NDArray[np.bool_]:
        """bool[R + 1]: which rows have one of the values."""
        import numpy as np

        cells = np.zeros(len(self._cells) + 1, bool)
        for value in values:
            cells[self._with.get(value, [])] = True
        return np.asarray(cells.take(self.codes))

    def of(self, row: int) -> list[str]:
        """The values of a row."""
        code = int(self.codes[row])
        return self._parts[code] if code < len(self._parts) else []


class Table:
    """A dataset's rows by id, the newest of each. Columns are made ready when they are first asked for."""

    def __init__(self, rows: Any, key: str, columns: Sequence[Column]) -> None:
        """`rows` is a pyarrow Table, the oldest row first."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        places = pa.array(np.arange(rows.num_rows))
        newest = pa.table({"id": rows[key], "row": places}).group_by("id").aggregate([("row", "max")])
        order = pc.sort_indices(newest["id"])
        self._rows = rows.take(newest["row_max"].take(order)).combine_chunks()
        self.ids = Index(newest["id"].take(order))
        self.columns = {column.name: column for column in columns}
        self._ready: dict[str, Numbers | Texts] = {}

    @classmethod
    def read(
        cls,
        parts: Sequence[Path],
        key: str,
        columns: Sequence[Column],
        more: Sequence[Mapping[str, Any]] = (),
    ) -> Table:
        """From a dataset's parts, the oldest first, and `more` rows that count before theirs."""
        import pyarrow as pa

        from pzdecl.engine.data.tables import read_parts

        schema = arrow_schema(list(columns))
        put = pa.table(
            [pa.array([row.get(field.name) for row in more], field.type) for field in schema], schema=schema
        )
        rows = read_parts(parts)
        return cls(
            put if rows is None else pa.concat_tables([rows, put], promote_options="permissive"), key, columns
        )

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> Numbers | Texts:
        """A column, ready to be compared."""
        found = self._ready.get(name)
        if found is None:
            described = self.columns[name]
            values = self._values(name)
            texts = described.type == "string"
            found = Texts(values, several=described.categorical) if texts else Numbers(values)
            self._ready[name] = found
        return found

    def shown(self, row: int, names: Sequence[str]) -> dict[str, str]:
        """Some columns of a row as text; those without a value are left out."""
        found = {name: _text(self._values(name)[row]) for name in names}
        return {name: text for name, text in found.items() if text is not None}

    def cells(self, name: str, rows: Sequence[int]) -> list[Any]:
        """The values of a column in some rows; None where there is none."""
        import pyarrow as pa

        found: list[Any] = self._values(name).take(pa.array(rows, pa.int64())).to_pylist()
        return found

    def _values(self, name: str) -> Any:
        """A column as one array, in the order of the ids; null where older data doesn't have it."""
        import pyarrow as pa

        described = self.columns[name]
        if name not in self._rows.column_names:
            return pa.nulls(len(self), arrow_type(described))
        column = self._rows[name]
        return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _text(scalar: Any) -> str | None:
    """A value as text: numbers in the fewest digits that give them back, booleans in lower case."""
    import numpy as np
    import pyarrow as pa

    value = scalar.as_py()
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if pa.types.is_float32(scalar.type):
        return str(np.float32(value))
    return str(value)


Tables = Mapping[str, Table]
"""By dataset type: ITEMS, USERS."""
