"""How tests ended, as JUnit's XML: a suite for each test, a case for each step."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as xml

from pzdecl.rehearsal.results import StepResult, TestResult
from pzdecl.views.junit import clean
from pzdecl.views.tests import message


def render(results: Sequence[TestResult]) -> str:
    """One file for all of them."""
    root = xml.Element("testsuites", {"name": "pzdecl"})
    for result in results:
        facts = {
            "name": clean(result.name),
            "file": clean(result.file),
            "tests": str(len(result.steps)),
            "failures": str(sum(bool(step.failed) for step in result.steps)),
            "errors": "0",
            "skipped": str(sum(step.skipped for step in result.steps)),
            "time": f"{sum(step.seconds for step in result.steps):.3f}",
        }
        suite = xml.SubElement(root, "testsuite", facts)
        for step in result.steps:
            _case(suite, result.name, step)
    xml.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{xml.tostring(root, encoding="unicode")}\n'


def _case(suite: xml.Element, test: str, step: StepResult) -> None:
    facts = {"classname": clean(test), "name": clean(step.name), "time": f"{step.seconds:.3f}"}
    case = xml.SubElement(suite, "testcase", facts)
    if step.skipped:
        xml.SubElement(case, "skipped", {"message": "a step before it failed"})
    for check in step.failed:
        about = {"type": "expectation", "message": clean(check.what)}
        xml.SubElement(case, "failure", about).text = clean(f"{message(check)}\n({check.position})")
