"""JUnit's XML, which every CI shows: a case for each resource, a failure for what is wrong or blocked."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as xml

from pzdecl.views.findings import Finding


def render(suite: str, subjects: Iterable[str], findings: Iterable[Finding]) -> str:
    """One suite. `subjects` are the addresses that were looked at: those without an error pass."""
    cases: dict[str, list[Finding]] = {subject: [] for subject in subjects}
    for one in findings:
        cases.setdefault(one.subject, []).append(one)
    failed = sum(any(one.level == "error" for one in found) for found in cases.values())
    root = xml.Element("testsuites", {"name": "pzdecl"})
    top = xml.SubElement(
        root,
        "testsuite",
        {"name": clean(suite), "tests": str(len(cases)), "failures": str(failed), "errors": "0"},
    )
    for subject, found in sorted(cases.items()):
        kind, _, name = clean(subject).partition("/")
        case = xml.SubElement(top, "testcase", {"classname": clean(f"{suite}.{kind}"), "name": name or kind})
        for one in found:
            text = clean(f"{one.text}\n({one.position})" if one.position else one.text)
            if one.level == "error":
                about = {"type": one.rule, "message": text.partition("\n")[0]}
                xml.SubElement(case, "failure", about).text = text
            else:
                xml.SubElement(case, "system-out").text = text
    xml.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{xml.tostring(root, encoding="unicode")}\n'


def clean(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)
