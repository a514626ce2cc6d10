"""Finding and reading test files; everything that is wrong with them comes out in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pzdecl.engine.looking import condition
from pzdecl.engine.recipes.ranges import MEASURED
from pzdecl.errors import PzdeclError, UsageError, nearest
from pzdecl.kinds.fields import join
from pzdecl.manifests.discovery import TESTS, walk
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import MappingNode, Node, compose, decode, place
from pzdecl.manifests.positions import Path as Steps
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report, Spot
from pzdecl.manifests.values import validate, without_nulls
from pzdecl.rehearsal.specs import ExpectSpec, MetricSpec, RecommendationSpec, StepSpec, TestDocument


@dataclass(frozen=True, slots=True)
class TestFile:
    """One test that was read; `file` is relative to the project's root, where that is possible."""

    __test__ = False  # no test of pytest

    file: str
    path: Path
    document: TestDocument
    positions: Positions

    @property
    def name(self) -> str:
        """What it is called."""
        return self.document.metadata.name


def find(root: Path, given: Sequence[Path] = ()) -> list[Path]:
    """The test files of a project, sorted, or those among `given`. Raises UsageError for what is none."""
    if not given:
        found = [root / name for name in sorted(walk(root)) if name.endswith(TESTS)]
        if not found:
            raise PzdeclError(
                "this project has no tests", hint="write one: tests/NAME.pztest.yaml, see docs/testing.md"
            )
        return found
    files: list[Path] = []
    for path in given:
        if path.is_dir():
            files += [path / name for name in sorted(walk(path)) if name.endswith(TESTS)]
        elif path.is_file():
            files.append(path)
        else:
            raise UsageError(f"{path} is not there", hint="name test files, or folders with NAME.pztest.yaml")
    return list(dict.fromkeys(files))


def read(root: Path, files: Iterable[Path]) -> list[TestFile]:
    """Reads and checks test files. Raises InvalidProject with all that is wrong."""
    report = Report()
    tests: list[TestFile] = []
    for path in files:
        for one in _read(root, path, report):
            first = next((other for other in tests if other.name == one.name), None)
            if first is not None:
                at = one.positions.nearest(("metadata", "name"))
                report.add(
                    "PZ4005",
                    f"the test {one.name} is declared twice",
                    Spot(at, f"Test/{one.name}", "metadata.name"),
                    expected="one test of each name",
                    hint=f"the first is in {first.file}",
                )
            tests.append(one)
    report.raise_errors()
    return tests


def _read(root: Path, path: Path, report: Report) -> Iterable[TestFile]:
    file = _shown(root, path)
    try:
        text = decode(path.read_bytes(), file, report)
    except OSError as error:
        raise PzdeclError(f"{path}: {error.strerror}") from None
    nodes = compose(text, file, report) if text is not None else None
    if nodes is not None and not nodes:
        nodes = compose("{}", file, report)
    for node in nodes or ():
        one = _document(file, path, node, report)
        if one is not None:
            yield one


def _document(file: str, path: Path, node: Node, report: Report) -> TestFile | None:
    if not isinstance(node, MappingNode):
        report.add(
            "PZ2001",
            "this document is not a test",
            place(file, node.start_mark),
            expected="a mapping with apiVersion, kind: Test, metadata and spec",
        )
        return None
    positions = Positions(file, node)
    known = len(report.errors)
    value = Evaluator(file, Variables(), report).value(node)
    patches = [step.get("patches") for step in _steps(value)]
    value = without_nulls(value)
    for step, kept in zip(_steps(value), patches, strict=True):
        if kept is not None:
            step["patches"] = kept  # there, null takes a field out
    document = validate(TestDocument, value, below=(), positions=positions, report=report)
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    report.complete(known, f"Test/{name}" if isinstance(name, str) else None, positions.field_at)
    if document is None:
        return None
    one = TestFile(file, path, document, positions)
    _check(one, report)
    return one


def _steps(value: object) -> list[dict[str, object]]:
    spec = value.get("spec") if isinstance(value, dict) else None
    steps = spec.get("steps") if isinstance(spec, dict) else None
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


class _Checks:
    """What pydantic cannot check."""

    def __init__(self, test: TestFile, report: Report) -> None:
        self.test, self.report = test, report

    def wrong(self, path: Steps, summary: str, expected: str, suggestion: str | None = None) -> None:
        at = self.test.positions.nearest(path)
        spot = Spot(at, f"Test/{self.test.name}", join(path))
        self.report.add("PZ3016", summary, spot, expected=expected, suggestion=suggestion)

    def step(self, path: Steps, step: StepSpec) -> None:
        for name, file in (step.data or {}).items():
            if not (self.test.path.parent / file).exists():
                self.wrong((*path, "data", name), f"{file} is not there", "a CSV file or a folder of them")
        expect = (*path, "expect")
        self.expectations(expect, step.expect)
        for index, metric in enumerate(step.expect.metrics or ()):
            self.metric((*expect, "metrics", index), metric)
        for index, answer in enumerate(step.expect.recommendations or ()):
            self.answer((*expect, "recommendations", index), answer)

    def expectations(self, path: Steps, expect: ExpectSpec) -> None:
        others = expect.metrics or expect.recommendations
        if expect.error is not None and (expect.plan or others):
            self.wrong((*path, "error"), "a step that is refused has nothing else to expect", "error alone")

    def metric(self, path: Steps, metric: MetricSpec) -> None:
        if sum(one is not None for one in (metric.campaign, metric.recommender, metric.solution)) != 1:
            self.wrong(path, "it is not clear what is measured", "one of campaign, recommender and solution")
        if metric.min is None and metric.max is None and metric.better_than is None:
            self.wrong(path, "the metric has no bound", "min, max or betterThan")
        if metric.metric not in MEASURED:
            self.wrong(
                (*path, "metric"),
                f"no recipe is measured by {metric.metric}",
                "one of " + ", ".join(MEASURED),
                nearest(metric.metric, MEASURED),
            )

    def answer(self, path: Steps, answer: RecommendationSpec) -> None:
        if (answer.campaign is None) == (answer.recommender is None):
            self.wrong(path, "it is not clear what is asked", "either campaign or recommender")
        beside = answer.user is not None and answer.item is not None and answer.sample is None
        if not beside and sum(one is not None for one in (answer.user, answer.item, answer.sample)) != 1:
            self.wrong(
                path,
                "it is not clear whom to ask for",
                "one of user, item and sample, or a user beside an item",
            )
        for name in ("all", "any"):
            where = getattr(answer, name)
            if where is not None:
                try:
                    condition(where)
                except ValueError as error:
                    self.wrong(
                        (*path, name), f"no condition: {error}", 'conditions such as Items.GENRES IN ("Drama")'
                    )


def _check(test: TestFile, report: Report) -> None:
    checks = _Checks(test, report)
    names: set[str] = set()
    for index, step in enumerate(test.document.spec.steps):
        path = ("spec", "steps", index)
        if step.name in names:
            checks.wrong((*path, "name"), f"the step {step.name!r} is there twice", "another name")
        names.add(step.name)
        checks.step(path, step)


def _shown(root: Path, path: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()
