"""Trained versions side by side: what each is worth, how sure that is, and whether one is better than another.

Two versions that were tested on the same users are compared user by user: the interval of the mean difference
is much narrower than the difference of two intervals, since what is hard to guess is hard for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pzdecl.errors import UsageError, nearest
from pzdecl.serving import Measured

if TYPE_CHECKING:
    from pzdecl.engine.serving.evaluation import Evaluated

BASELINE = "aws-popularity-count"
FEWEST = 10
"""Test users that two versions must share for a judgement."""

Interval = tuple[float, float]
Verdict = Literal["better", "worse", "no clear difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher a metric is than that of the version compared against.

    interval  of the mean over the `shared` test users, at 95%; with `verdict` None where it can't be told
    """

    value: float
    interval: Interval | None = None
    shared: int = 0

    @property
    def verdict(self) -> Verdict | None:
        """Better or worse where the whole interval lies on one side of zero."""
        if self.interval is None:
            return None
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "no clear difference"


@dataclass(frozen=True, slots=True)
class Compared:
    """One version. By metric: its value is in `measured`, here its 95% interval, and the difference.

    gone  whether the files that its training left are not there any more
    """

    measured: Measured
    tested: int = 0
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    differences: Mapping[str, Difference] = field(default_factory=dict)
    curve: Sequence[Mapping[str, float]] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """The versions of a dataset group, from the weakest to the best; `against` is one of them, or None."""

    group: str
    against: Measured | None
    versions: tuple[Compared, ...]


def compare(
    measured: Iterable[Measured], evaluated: Callable[[Measured], Evaluated | None], against: str | None = None
) -> list[Comparison]:
    """Compares the versions of each dataset group with one of them.

    evaluated  gives the values of each test user, or None where the target does not tell
    against    a solution (its newest version) or SOLUTION/VERSION; popularity's unless given, else the weakest

    Raises UsageError for an unknown `against`.
    """
    rows = list(measured)
    if against is not None and not any(_named(row, against) for row in rows):
        names = {row.solution for row in rows} | {f"{row.solution}/{row.version}" for row in rows}
        near = nearest(against, names)
        raise UsageError(
            f"there is no trained version {against}",
            hint=f"did you mean {near}?" if near else "`pzdecl metrics` lists what is trained",
        )
    groups = list(dict.fromkeys(row.group for row in rows))
    return [_group(name, [row for row in rows if row.group == name], evaluated, against) for name in groups]


def alike(one: Measured, other: Measured) -> bool:
    """Whether two versions were measured the same way: coverage alone may be of users here, of items there."""
    mine, theirs = (set(row.metrics) - {"coverage"} for row in (one, other))
    return bool(mine & theirs) or (mine == theirs)


def _group(
    name: str,
    rows: Sequence[Measured],
    evaluated: Callable[[Measured], Evaluated | None],
    against: str | None,
) -> Comparison:
    base = _base(rows, against)
    found = {row.arn: evaluated(row) for row in rows}
    other = found[base.arn] if base else None
    versions = []
    for row in rows:
        mine = found[row.arn]
        versions.append(
            Compared(
                row,
                tested=len(mine.ids) if mine else 0,
                intervals=_intervals(mine) if mine else {},
                differences={} if base is None or row is base else differences(row, base, mine, other),
                curve=mine.curve if mine else (),
                gone=mine is not None and mine.gone,
            )
        )
    return Comparison(name, base, tuple(versions))


def _base(rows: Sequence[Measured], against: str | None) -> Measured | None:
    """What the others are compared with; in a group without the version that was named, nothing."""
    if against is not None:
        return max((row for row in rows if _named(row, against)), key=lambda row: row.current, default=None)
    if len(rows) < 2:
        return None
    popular = [row for row in rows if row.recipe == BASELINE]
    return max(popular, key=lambda row: row.current, default=rows[0])


def _named(row: Measured, name: str) -> bool:
    return name in (row.solution, f"{row.solution}/{row.version}")


def _intervals(mine: Evaluated) -> dict[str, Interval]:
    if not len(mine.ids) or not mine.each:
        return {}
    import numpy as np

    from pzdecl.engine.intervals import intervals

    names = list(mine.each)
    low, high = intervals(np.stack([mine.each[name] for name in names], 1))
    ends = zip(names, low, high, strict=True)
    return {name: (float(a), float(b)) for name, a, b in ends if not np.isnan(a)}


def differences(
    row: Measured, base: Measured, mine: Evaluated | None, other: Evaluated | None
) -> dict[str, Difference]:
    """Of the metrics that both have; with an interval where enough test users are the same."""
    if not alike(row, base):
        return {}
    plain = {
        name: Difference(value - base.metrics[name])
        for name, value in row.metrics.items()
        if name in base.metrics
    }
    both = [name for name in plain if mine and other and name in mine.each and name in other.each]
    if not both or mine is None or other is None:
        return plain
    import numpy as np

    from pzdecl.engine.intervals import intervals

    places = {one: place for place, one in enumerate(other.ids)}
    pairs = [(place, places[one]) for place, one in enumerate(mine.ids) if one in places]
    if len(pairs) < FEWEST:
        return {name: Difference(d.value, shared=len(pairs)) for name, d in plain.items()}
    here, there = np.array(pairs).T
    gained = np.stack([mine.each[name][here] - other.each[name][there] for name in both], 1)
    meant = ~np.isnan(gained).all(0)
    both, gained = [name for name, some in zip(both, meant, strict=True) if some], gained[:, meant]
    low, high = intervals(gained)
    for name, mean, a, b in zip(both, np.nanmean(gained, 0), low, high, strict=True):
        plain[name] = Difference(float(mean), (float(a), float(b)), len(pairs))
    return plain
