"""Running tests: each on a scratch engine and state of its own, which begin with nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pzdecl import manifests, serving
from pzdecl.apply.events import Listener
from pzdecl.engine.errors import ServiceError
from pzdecl.errors import InvalidProject, PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Project as Declared
from pzdecl.manifests.patches import Patch
from pzdecl.plan.model import Plan
from pzdecl.project import Project, find_address
from pzdecl.rehearsal import checks
from pzdecl.rehearsal.rebuilding import Data
from pzdecl.rehearsal.rehearse import ended
from pzdecl.rehearsal.results import Check, StepResult, TestResult
from pzdecl.rehearsal.scratch import Scratch, scratch
from pzdecl.rehearsal.specs import StepSpec, as_text
from pzdecl.rehearsal.testfiles import TestFile

ELSEWHERE = "name a file of this machine in the step: data: {{ {address.name}: FILE }}"


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line gives to all steps: see `pzdecl.project.load`. `timeout` is seconds for each."""

    environment: str | None = None
    variables: Mapping[str, str] | None = None
    var_files: Sequence[Path] = ()
    timeout: float | None = None


def run(root: Path, test: TestFile, given: Given, listener: Listener) -> TestResult:
    """Runs the steps in order, up to the first that fails. Raises Interrupted, StillRunning."""
    spec = test.document.spec
    results: list[StepResult] = []
    with scratch(root) as place:
        data = Data(root, place.folder, spec.sample, ELSEWHERE)
        for index, step in enumerate(spec.steps):
            path = ("spec", "steps", index)
            at = test.positions.nearest((*path, "name"))
            if any(result.failed or result.skipped for result in results):
                results.append(StepResult(step.name, at, skipped=True))
                continue
            begun = time.monotonic()
            found = tuple(_Step(root, test, step, path, place, data, given, listener).run())
            results.append(StepResult(step.name, at, found, time.monotonic() - begun))
    return TestResult(test.name, test.file, tuple(results))


@dataclass(frozen=True, slots=True)
class _Step:
    root: Path
    test: TestFile
    step: StepSpec
    path: tuple[str | int, ...]
    place: Scratch
    data: Data
    given: Given
    listener: Listener

    def run(self) -> Iterator[Check]:
        expect = self.step.expect
        try:
            project = self.place.project(self._declared())
            plan = project.plan(**self.step.options.model_dump(exclude_none=True))
        except PzdeclError as error:
            yield self._refused(error)
            return
        if expect.error is not None:
            yield self._at("error").check(f"refused with {expect.error!r}", "it is not refused")
            return
        held: list[Address] = []
        if self.step.command == "apply":
            failed = self._apply(project, plan, held)
            yield from failed
            if failed:
                return
        if expect.plan is not None:
            yield from checks.of_plan(expect.plan, plan, held, self._at("plan"))
        yield from self._outcome(project)

    def _declared(self) -> Declared:
        variables = {name: as_text(value) for name, value in (self.step.variables or {}).items()}
        declared = manifests.load(
            self.root,
            environment=self.step.environment or self.test.document.spec.environment or self.given.environment,
            variables={**(self.given.variables or {}), **variables},
            var_files=self.given.var_files,
            patches=self._patches(),
        )
        self.data.given = {
            find_address(name if "/" in name else f"DatasetImport/{name}", declared.resources): (
                self.test.path.parent / file
            ).absolute()
            for name, file in (self.step.data or {}).items()
        }
        return replace(declared, resources=self.data.place(declared.resources))

    def _patches(self) -> list[Patch]:
        positions = self.test.positions
        found = []
        for index, patch in enumerate(self.step.patches or ()):
            above = (*self.path, "patches", index)
            places = {path: positions.nearest((*above, "set", path)) for path in patch.set}
            found.append(Patch(patch.target, patch.set, places, positions.nearest((*above, "target"))))
        return found

    def _refused(self, error: PzdeclError) -> Check:
        told = [error.message]
        if isinstance(error, InvalidProject):
            told = [
                f"{one.position}: {one.summary}" if one.position else one.summary for one in error.diagnostics
            ]
        wanted = self.step.expect.error
        if wanted is None:
            return Check("the project can be planned", self.test.positions.nearest(self.path), "\n".join(told))
        fits = any(wanted.casefold() in text.casefold() for text in told)
        return self._at("error").check(f"refused with {wanted!r}", None if fits else "\n".join(told))

    def _apply(self, project: Project, plan: Plan, held: list[Address]) -> list[Check]:
        """What failed; what gates held back goes into `held`."""
        done = project.apply(plan, listener=self.listener, timeout=self.given.timeout, command="test")
        ended(done, "give it longer (--timeout), or fewer data (sample: 0.1 in the test)")
        held += [failure.address for failure in done.failed if failure.held]
        at = self.test.positions.nearest(self.path)
        return [Check(f"{f.address} {f.op}", at, f.message) for f in done.failed if not f.held]

    def _outcome(self, project: Project) -> Iterator[Check]:
        expect = self.step.expect
        if expect.metrics:
            try:
                with project.state() as state, project.client() as client:
                    versions: list[Any] = [*serving.measured(state, client), *serving.use_cases(state, client)]
            except ServiceError as error:
                yield self._at("metrics").check("there are metrics", str(error))
                return
            for index, metric in enumerate(expect.metrics):
                yield from checks.of_metric(metric, versions, self._at("metrics", index))
        for index, answer in enumerate(expect.recommendations or ()):
            at = self._at("recommendations", index)
            yield from checks.of_answer(answer, project, self.place.engine, at)

    def _at(self, *below: str | int) -> checks.Written:
        return checks.Written(self.test.positions, (*self.path, "expect", *below))
