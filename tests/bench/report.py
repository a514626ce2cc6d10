"""What the benchmarks found, as one table: each figure beside its limit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """`value` must be at most `limit`, or at least it where `at_least`; `basis` shows the raw numbers."""

    name: str
    value: float
    limit: float
    basis: str
    at_least: bool = False

    @property
    def reached(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Report:
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, value: float, limit: float, basis: str, *, at_least: bool = False) -> None:
        """Adds a figure and prints its line at once: a benchmark takes minutes."""
        figure = Figure(name, value, limit, basis, at_least)
        self.figures.append(figure)
        sign = ">=" if at_least else "<="
        mark = "reached" if figure.reached else "MISSED"
        print(f"{mark:8} {name:44} {value:8.3f} {sign} {limit:<7g} {basis}", flush=True)

    def skip(self, name: str, why: str) -> None:
        print(f"{'skipped':8} {name:44} {why}", flush=True)

    @property
    def missed(self) -> list[Figure]:
        return [figure for figure in self.figures if not figure.reached]
