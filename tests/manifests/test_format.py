"""The canonical form: layout changes, meaning and comments do not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzdecl.errors import InvalidProject
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.format import format_text
from pzdecl.manifests.nodes import compose
from pzdecl.manifests.report import Report

MESSY = """\
# yaml-language-server: $schema=x
# head
kind: Solution   # trailing
spec:
    list:
    - a   # first
    - b: 1
      c: 2
    # in spec
    txt: |
        hello

        # no comment

        world
    fold: >-
      a
      b
    empty:
    nothing: null
    quoted: 'x'
    flow: [a,   b]
    # last: 1
# about metadata
metadata:
    tags: {b: 1, a: 0o7, c: no, d: 1e3, e: ~, f: 2024-01-01, g: 1:30, h: 0x1F, j: .5, k: +1, l: True}
    # about the name
    name:   x



# the version
apiVersion: pzdecl/v1
# between
---
metadata: {tags: {a: '${var.x}'}, name: "b"}
kind: B
"""
NEAT = """\
# yaml-language-server: $schema=x
# head
# the version
apiVersion: pzdecl/v1
kind: Solution   # trailing
# about metadata
metadata:
  # about the name
  name: x
  tags: {b: 1, a: 0o7, c: no, d: 1e3, e: ~, f: 2024-01-01, g: 1:30, h: 0x1F, j: .5, k: +1, l: True}
spec:
  list:
    - a   # first
    - b: 1
      c: 2
  # in spec
  txt: |
    hello

    # no comment

    world
  fold: >-
    a
    b
  empty:
  nothing: null
  quoted: 'x'
  flow: [a, b]
  # last: 1
# between
---
kind: B
metadata: {name: "b", tags: {a: '${var.x}'}}
"""


def meaning(text: str) -> list[object]:
    nodes = compose(text, "x", Report())
    assert nodes is not None
    return [Evaluator("x", Variables(), Report()).value(node) for node in nodes]


def test_messy_becomes_neat() -> None:
    assert format_text(MESSY) == NEAT
    assert format_text(NEAT) == NEAT
    assert meaning(MESSY) == meaning(NEAT)


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_no_document_is_left_alone(text: str) -> None:
    assert format_text(text) == text


@pytest.mark.parametrize("text", ["a: [\n", "a: 1\na: 2\n", "\ta: 1\n", "a: !x y\n"])
def test_refuses_what_is_no_manifest(text: str) -> None:
    with pytest.raises(InvalidProject) as caught:
        format_text(text, "m.yaml")
    assert caught.value.diagnostics[0].position is not None
    assert caught.value.diagnostics[0].position.file == "m.yaml"


def test_windows_lines_and_marks_go() -> None:
    assert format_text("\ufeffkind: A\r\napiVersion: b\r\n") == "apiVersion: b\nkind: A\n"


def test_no_newline_at_the_end() -> None:
    assert format_text("kind: A\napiVersion: b") == "apiVersion: b\nkind: A\n"


def test_the_examples_are_neat() -> None:
    examples = sorted((Path(__file__).parents[2] / "examples").glob("*/*.yaml"))
    assert examples
    for path in examples:
        assert format_text(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8"), path


scalars = st.sampled_from(
    [
        "a",
        "1",
        "1e3",
        "0o7",
        "~",
        "no",
        "True",
        "+1",
        "1.10",
        "'q'",
        '"d"',
        "",
        "a b",
        "x: y",
        "2024-01-01",
        "é",
    ]
).map(lambda text: f'"{text}"' if ": " in text else text)
comments = st.sampled_from(["", "", "", "  # why", "\n# own line", "\n\n\n"])


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """Lines of a block mapping, unevenly indented."""
    names = draw(
        st.lists(st.sampled_from(["name", "tags", "spec", "kind", "k1", "k2"]), unique=True, min_size=1)
    )
    step = draw(st.sampled_from([1, 2, 3, 4]))
    lines = []
    for name in names:
        comment = draw(comments)
        if depth < 2 and draw(st.booleans()):
            lines.append(f"{name}:")
            lines += [" " * step + line for line in draw(blocks(depth + 1))]
        elif draw(st.integers(0, 3)) == 0:
            lines.append(f"{name}:")
            lines += [f"{' ' * step}- {draw(scalars)}" for _ in range(draw(st.integers(1, 3)))]
        elif draw(st.integers(0, 5)) == 0:
            lines += [f"{name}: |", *(f"{' ' * step}{word}" for word in ("# text", "", "  more"))]
        else:
            lines.append(f"{name}: {draw(scalars)}".rstrip() + comment)
    return [part for line in lines for part in line.split("\n")]


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks(), min_size=1, max_size=3))
def test_formatting_keeps_meaning_and_comments_and_is_stable(documents: list[list[str]]) -> None:
    text = "\n---\n".join("\n".join(lines) for lines in documents) + "\n"
    once = format_text(text)
    assert meaning(once) == meaning(text)
    assert format_text(once) == once
    assert sorted(line.strip() for line in once.split("\n") if line.strip().startswith("# own")) == sorted(
        line.strip() for line in text.split("\n") if line.strip().startswith("# own")
    )
    assert once.count("# why") == text.count("# why")


def test_indentation_of_nested_lists() -> None:
    text = dedent(
        """\
        spec:
            fields:
            -   name: a
                type: ["null", string]
            -   name: b
        """
    )
    assert format_text(text) == dedent(
        """\
        spec:
          fields:
            - name: a
              type: ["null", string]
            - name: b
        """
    )
