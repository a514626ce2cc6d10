"""pzdecl test: steps on a scratch engine, and what must hold after each."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent, indent
from xml.etree import ElementTree

import pytest
import yaml

from pzdecl.rehearsal import testfiles
from pzdecl.views import schemas
from tests.cli.conftest import Cli
from tests.e2e.workbench import Workbench
from tests.rehearsal.conftest import run
from tests.rehearsal.test_rehearse import hashes
from tests.shop import interactions

ROOT = Path(__file__).parents[2]
HEAD = "apiVersion: pzdecl/v1\nkind: Test\nmetadata: {name: shop}\nspec:\n  steps:\n"
NDCG = "normalized_discounted_cumulative_gain_at_25"


def write(shop: Workbench, steps: str, name: str = "tests/shop.pztest.yaml") -> None:
    shop.write(name, HEAD + indent(dedent(steps), "    "))


GOOD = f"""\
- name: deploy
  expect:
    plan:
      changes:
        - {{address: "Campaign/*", action: create}}
        - {{address: SolutionVersion/shop-related, action: train}}
      counts: {{train: 2, delete: 0}}
    metrics:
      - {{campaign: shop-related, metric: {NDCG}, min: 0.0001, max: 1, betterThan: shop-popular}}
      - {{solution: shop-popular, metric: {NDCG}, min: 0}}
    recommendations:
      - {{campaign: shop-popular, user: nobody, count: 5, atLeast: 5, atMost: 5}}
      - {{campaign: shop-popular, sample: 3, all: Items.YEAR >= 1970 AND Items.YEAR < 2020}}
      - {{campaign: shop-related, item: i10, contains: [i11], excludes: [i10], any: Items.KIND = "series"}}
- name: nothing is left
  command: plan
  expect: {{plan: {{empty: true}}}}
- name: another threshold
  command: plan
  patches:
    - target: Solution/shop-related
      set: {{spec.solutionConfig.algorithmHyperParameters.min_cointeraction_count: 5}}
  expect:
    plan:
      changes:
        - {{address: Solution/shop-related, action: replace, reason: min_cointeraction_count}}
        - {{address: SolutionVersion/shop-related, action: train}}
        - {{address: Campaign/shop-related, action: deploy}}
      nothingElse: true
- name: more data
  data: {{shop-events: more.csv}}
  options: {{target: [+Campaign/shop-popular]}}
  expect:
    plan: {{changes: [{{address: DatasetImport/shop-events, action: import}}]}}
    recommendations: [{{campaign: shop-popular, user: nobody, first: i49}}]
- name: a typing error
  command: plan
  variables: {{nothing: 1}}
  expect: {{error: there is no variable nothing}}
"""


def more() -> str:
    return interactions() + "".join(
        f"u{u},i49,{1_800_000_000 + u * 9 + s},view\n" for u in range(40) for s in range(3)
    )


def test_what_holds_passes_and_nothing_is_touched(cli: Cli, shop: Workbench) -> None:
    write(shop, GOOD)
    shop.write("tests/more.csv", more())
    before = hashes(shop.root)
    out = run(cli, shop, "test")
    assert hashes(shop.root) == before
    assert "1 test, 5 steps: 5 passed" in out
    assert not list((shop.root / ".pzdecl" / "scratch").glob("*/"))
    assert shop.settled(), "test files are no manifests"


WRONG = f"""\
- name: deploy
  expect:
    plan:
      counts: {{train: 5}}
      changes: [{{address: Campaign/shop-popular, action: delete}}, {{address: Campaign/x}}]
    metrics:
      - {{campaign: shop-popular, metric: {NDCG}, min: 0.99}}
      - {{campaign: nobody, metric: {NDCG}, max: 1}}
    recommendations:
      - {{campaign: shop-popular, user: u1, contains: [nothing], atMost: 1}}
      - {{campaign: shop-popular, user: u1, all: Items.YEAR > 3000}}
      - {{campaign: shop-popular, user: u1, all: Items.COLOUR = "red"}}
      - {{campaign: shop-related, item: unheard-of}}
      - {{campaign: nobody, user: u1}}
- name: later
  expect: {{plan: {{empty: true}}}}
"""


def test_what_does_not_hold_is_told_with_its_place(cli: Cli, shop: Workbench) -> None:
    write(shop, WRONG)
    out = run(cli, shop, "test", "--format", "junit", code=1)
    suite = ElementTree.fromstring(out).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "1")
    told = "\n".join(failure.text or "" for failure in suite.iter("failure"))
    for text in (
        "expected: 5 to train\nfound: 2",
        "Campaign/shop-popular create",
        "the plan has no Campaign/x",
        f"shop-popular: {NDCG} at least 0.99\nfound: it is 0.",
        "the campaign nobody serves nothing",
        "shop-popular for u1: nothing is in it",
        "at most 1 items",
        "all fit Items.YEAR > 3000\nfound: not so: i",
        "COLOUR",
        "there is no such campaign",
        "(tests/shop.pztest.yaml:9:",
    ):
        assert text in told, text
    found = json.loads(run(cli, shop, "test", "tests", "--format", "json", code=1))
    assert [step["status"] for step in found["tests"][0]["steps"]] == ["failed", "skipped"]


def test_gates_hold_back(cli: Cli, shop: Workbench) -> None:
    write(
        shop,
        f"""\
        - name: not good enough
          patches:
            - target: Campaign/shop-popular
              set: {{spec.gates: [{{metric: {NDCG}, min: 0.99}}]}}
          expect:
            plan: {{changes: [{{address: Campaign/shop-popular, blocked: true}}]}}
        """,
    )
    assert "1 passed" in run(cli, shop, "test")


@pytest.mark.parametrize(
    ("steps", "place", "told"),
    [
        ("- {name: a, comand: plan}", "6:17", "there is no field comand"),
        ("- {name: a}\n- {name: a}", "7:14", "the step 'a' is there twice"),
        (
            "- {name: a, expect: {metrics: [{metric: ndcg, campaign: x, min: 1}]}}",
            "6:45",
            "no recipe is measured by ndcg",
        ),
        (
            f"- {{name: a, expect: {{metrics: [{{metric: {NDCG}, campaign: x}}]}}}}",
            "6:36",
            "the metric has no bound",
        ),
        (
            f"- {{name: a, expect: {{metrics: [{{metric: {NDCG}, min: 1}}]}}}}",
            "6:36",
            "it is not clear what is measured",
        ),
        ("- {name: a, expect: {recommendations: [{campaign: x}]}}", "6:44", "it is not clear whom to ask for"),
        (
            "- {name: a, expect: {recommendations: [{campaign: x, user: u, all: Items.YEAR ~ 3}]}}",
            "6:72",
            "no condition",
        ),
        ("- {name: a, data: {shop-events: no.csv}}", "6:37", "no.csv is not there"),
        ("- {name: a, variables: {x: '${var.y}'}}", "6:", "there is no variable y"),
        ("- {name: a, expect: {error: x, plan: {empty: true}}}", "6:33", "nothing else to expect"),
        ("[]", "", "steps is 0 entries long"),
        ("- {name: a", "", "PZ1002"),
    ],
)
def test_wrong_files(steps: str, place: str, told: str, cli: Cli, shop: Workbench) -> None:
    write(shop, steps)
    result = cli("-C", shop.root, "test")
    assert result.code == 1
    assert told in result.err
    assert f"tests/shop.pztest.yaml:{place}" in result.err


def test_files_are_found(cli: Cli, shop: Workbench) -> None:
    result = cli("-C", shop.root, "test")
    assert (result.code, "this project has no tests" in result.err) == (1, True)
    result = cli("-C", shop.root, "test", "nothing")
    assert (result.code, "nothing is not there" in result.err) == (64, True)
    write(shop, "- {name: a, command: plan, variables: {x: 1}, expect: {error: variable x}}")
    write(shop, "- {name: a, command: plan, variables: {x: 1}, expect: {error: variable x}}", "b.pztest.yml")
    result = cli("-C", shop.root, "test")
    assert "the test shop is declared twice" in result.err
    assert "1 passed" in run(cli, shop, "test", "b.pztest.yml")
    (shop.root / "b.pztest.yml").write_text("[1]")
    assert "this document is not a test" in cli("-C", shop.root, "test").err


def test_the_form_is_described_for_editors() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    written = (ROOT / "schemas" / "test.schema.json").read_text()
    assert written == schemas.text(schemas.test_schema), "run `make schemas`"
    schema = json.loads(written)
    for steps in (GOOD, WRONG):
        jsonschema.validate(yaml.safe_load(HEAD + indent(steps, "    ")), schema)
    example = (ROOT / "examples/movies/tests/recommenders.pztest.yaml").read_text()
    jsonschema.validate(yaml.safe_load(example), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(HEAD + "    - {name: a, comand: plan}"), schema)


def test_the_page_shows_what_can_be_read(shop: Workbench) -> None:
    page = (ROOT / "docs" / "testing.md").read_text()
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    shop.write("page.pztest.yaml", shown)
    example = ROOT / "examples/movies/tests/recommenders.pztest.yaml"
    assert [one.name for one in testfiles.read(shop.root, [shop.root / "page.pztest.yaml", example])] == [
        "recommenders",
        "movies",
    ]
