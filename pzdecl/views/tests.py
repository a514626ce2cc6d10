"""How tests ended: text, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pzdecl.rehearsal.results import Check, StepResult, TestResult
from pzdecl.views import words
from pzdecl.views.style import PLAIN, Style


def text(results: Sequence[TestResult], style: Style = PLAIN) -> str:
    """A line a step, and below it what does not hold, with the place where it is written."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{style.paint(result.name, 'bold')} ({result.file})")
        for step in result.steps:
            lines += [f"  {line}" for line in _step(step, style)]
    return "\n".join([*lines, _summary(results, style)]) + "\n"


def as_json(results: Sequence[TestResult]) -> str:
    """Every check."""
    tests = [
        {
            "name": result.name,
            "file": result.file,
            "passed": result.passed,
            "steps": [
                {
                    "name": step.name,
                    "status": "skipped" if step.skipped else "failed" if step.failed else "passed",
                    "seconds": round(step.seconds, 3),
                    "checks": [
                        {
                            "what": check.what,
                            "passed": check.passed,
                            "found": check.found,
                            "position": str(check.position) if check.position else None,
                        }
                        for check in step.checks
                    ],
                }
                for step in result.steps
            ],
        }
        for result in results
    ]
    document = {"format_version": "1.0", "passed": all(one.passed for one in results), "tests": tests}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def message(check: Check) -> str:
    """What was wanted and what was found."""
    return f"expected: {check.what}\nfound: {check.found}"


def _step(step: StepResult, style: Style) -> Iterator[str]:
    if step.skipped:
        yield f"{style.paint('skipped', 'yellow')} {step.name}"
        return
    word = style.paint("failed", "bold", "red") if step.failed else style.paint("passed", "green")
    yield f"{word} {step.name}  ({words.plural(len(step.checks), 'check')}, {words.duration(step.seconds)})"
    for check in step.failed:
        yield f"  {style.paint(str(check.position), 'blue')}"
        yield from (f"    {line}" for line in message(check).splitlines())


def _summary(results: Sequence[TestResult], style: Style) -> str:
    steps = [step for result in results for step in result.steps]
    failed = sum(bool(step.failed) for step in steps)
    skipped = sum(step.skipped for step in steps)
    parts = [f"{len(steps) - failed - skipped} passed"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{skipped} skipped"] if skipped else []
    told = f"{words.plural(len(results), 'test')}, {words.plural(len(steps), 'step')}: {', '.join(parts)}"
    return style.paint(told, "bold", "red" if failed else "green")
