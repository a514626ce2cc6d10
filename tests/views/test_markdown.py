"""What others wrote, in Markdown: it is shown, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pzdecl.errors import Diagnostic, Severity
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect
from pzdecl.plan.environments import Contrast, Field, Side
from pzdecl.plan.model import Action, Change, Drift, FieldChange, Plan, Reason, ReasonCode
from pzdecl.views import drift, environments, plan_markdown
from pzdecl.views.markdown import COMMENT, code, fenced, plain
from tests.views import sample

markdown_it = pytest.importorskip("markdown_it")
EVIL = "@evil `x` ```` ``` \n```\n</details><img src=x> [a](https://x) ~~~ **b** | #12 ::error::no"


def loose(text: str) -> Iterator[str]:
    """What GitHub would read as more than code: text, links and HTML outside of blocks and spans of code."""
    parser = markdown_it.MarkdownIt("commonmark").enable("table")
    for token in parser.parse(text):
        for one in token.children or [token]:
            if one.type not in ("fence", "code_block", "code_inline"):
                yield one.content
                yield str(one.attrGet("href") or "")


def harmless(text: str) -> None:
    assert "@evil" in text, "it is shown"
    found = "\n".join(loose(text))
    for sign in ("@evil", "<img", "https://x", "::error"):
        assert sign not in found, found


def evil_plan() -> Plan:
    field = FieldChange("spec.x", EVIL, [EVIL, {"a": "\u202e" + EVIL}], Effect.IN_PLACE)
    address = Address("Campaign", "c")
    return replace(
        sample.plan(
            Change(address, Action.UPDATE, (Reason(ReasonCode.FIELD_CHANGED, EVIL),), (field,)),
            replace(sample.REFUSED, blocked=Reason(ReasonCode.HOLDS_DATA, EVIL)),
            drift=(Drift(address, fields=(field,)),),
            warnings=(Diagnostic("PZ1", EVIL, severity=Severity.WARNING),),
        ),
        project="`@evil` --> <img src=x>",
        environment="@evil-->",
    )


def test_a_plan_in_a_comment_does_nothing() -> None:
    text = plan_markdown.render(evil_plan())
    harmless(text)
    assert text.count("<details") == text.replace("</details><img", "").count("</details>")
    marker, _, rest = text.partition("\n")
    assert marker.endswith(" -->")
    assert marker.count("-->") == 1
    assert rest.startswith("### pzdecl plan: ")
    assert "\u202e" not in text, "nothing turns the direction of writing"


def test_drift_and_differences_do_nothing() -> None:
    harmless(drift.markdown(evil_plan()))
    contrast = Contrast(Address("Campaign", "c"), Side.BOTH, (Field("spec.x", EVIL, "b"),))
    harmless(environments.markdown([contrast], "@evil|", "`"))


def test_much_drift_fits_a_comment_and_says_what_is_missing() -> None:
    field = FieldChange("spec.x", "a" * 70, "b" * 70, Effect.IN_PLACE)
    much = tuple(Drift(Address("Campaign", f"c{n}"), fields=(field,)) for n in range(2000))
    text = drift.markdown(replace(sample.NOTHING, drift=much))
    assert len(text) <= COMMENT
    assert f"{2000 - text.count(' was changed'):,} resources more than fit here" in text


def test_code_and_plain_text_are_what_they_were() -> None:
    parser = markdown_it.MarkdownIt("commonmark")
    for text in ("a", "`", "``a`", "a ` b", "<b>", "\\"):
        [inline] = [t for t in parser.parse(code(text)) if t.type == "inline"]
        assert [(t.type, t.content) for t in inline.children or ()] == [("code_inline", text)]
    for text in ("a @b #1", "<b> &amp; [x](y) *a* _b_ `c` \\ ~~d~~ | e"):
        [inline] = [t for t in parser.parse(plain(text)) if t.type == "inline"]
        kept = [t.content for t in inline.children or () if t.type != "html_inline"]
        assert "".join(kept) == text
    assert "@<!-- -->b #<!-- -->1" in plain("a @b #1")
    [block] = parser.parse(fenced("a\n````\n```", "diff"))
    assert (block.type, block.info, block.content) == ("fence", "diff", "a\n````\n```\n")
