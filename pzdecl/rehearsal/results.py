"""How tests ended."""

from __future__ import annotations

from dataclasses import dataclass

from pzdecl.errors import Position


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to hold: what, where it is written, and what was found instead where it does not."""

    what: str
    position: Position | None = None
    found: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it holds."""
        return self.found is None


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step; a skipped one came after one that failed. `seconds`: how long it took."""

    name: str
    position: Position
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0
    skipped: bool = False

    @property
    def failed(self) -> tuple[Check, ...]:
        """What does not hold."""
        return tuple(check for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test."""

    __test__ = False  # no test of pytest

    name: str
    file: str
    steps: tuple[StepResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every step was done and all holds."""
        return not any(step.failed or step.skipped for step in self.steps)
