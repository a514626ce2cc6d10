"""enabled, forEach and templates: many resources from one document."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.errors import Diagnostic
from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from tests.manifests.projects import GROUP, INSTANCE, TEMPLATE, errors, write

PROJECT = """\
name: shop
variables:
  cities: {type: list, default: [oslo, rome]}
  sites: {type: map, default: {a: {tps: 2, tags: {team: x}}, b: {tps: 3, tags: {team: y}}}}
  search: {type: boolean, default: false}
  token: {type: string, default: "7", sensitive: true}
"""
EACH = GROUP.replace("{name: movies}", '{name: "g-${each.key}", tags: {of: "${each.value}"}}')
TRACKER = """\
apiVersion: pzdecl/v1
kind: EventTracker
metadata: {name: "${each.key}"}
spec: {datasetGroup: "g-${each.key}"}
forEach: ${var.cities}
"""


def addresses(root: Path, **variables: str) -> list[str]:
    return [str(address) for address in load(root, variables=variables).resources]


def wrong(tmp_path: Path, *documents: str) -> list[Diagnostic]:
    return errors(write(tmp_path, {"m.yaml": "---\n".join(documents)}, PROJECT))


def test_a_copy_for_each_entry_of_a_list(tmp_path: Path) -> None:
    root = write(tmp_path, {"m.yaml": f"{EACH}forEach: [oslo, bonn]\n---\n{TRACKER}"}, PROJECT)
    assert "g-rome" in errors(root)[0].summary
    root = write(tmp_path, {"m.yaml": f"{EACH}forEach: ${{var.cities}}\n---\n{TRACKER}"}, PROJECT)
    project = load(root)
    assert [str(a) for a in project.resources] == [
        "DatasetGroup/g-oslo",
        "DatasetGroup/g-rome",
        "EventTracker/oslo",
        "EventTracker/rome",
    ]
    rome = project.resources[Address("EventTracker", "rome")]
    assert rome.depends_on == (Address("DatasetGroup", "g-rome"),)
    assert project.resources[Address("DatasetGroup", "g-rome")].tags == {"of": "rome"}
    assert addresses(root, cities="[bonn]") == ["DatasetGroup/g-bonn", "EventTracker/bonn"]
    assert addresses(root, cities="[]") == []


def test_a_copy_for_each_entry_of_a_mapping(tmp_path: Path) -> None:
    text = GROUP.replace("{name: movies}", '{name: "${each.key}${each.value.tps}", tags: "${each.value.tags}"}')
    project = load(write(tmp_path, {"m.yaml": text + "forEach: ${var.sites}\n"}, PROJECT))
    assert [(str(a), d.tags) for a, d in project.resources.items()] == [
        ("DatasetGroup/a2", {"team": "x"}),
        ("DatasetGroup/b3", {"team": "y"}),
    ]


def test_keys_hold_placeholders_of_their_own_copy(tmp_path: Path) -> None:
    text = GROUP.replace("{name: movies}", '{name: "g${each.key}", tags: {"k${each.key}": v}}')
    project = load(write(tmp_path, {"m.yaml": text + "forEach: [1, 2]\n"}, PROJECT))
    assert [d.tags for d in project.resources.values()] == [{"k1": "v"}, {"k2": "v"}]


def test_what_is_not_enabled_does_not_count(tmp_path: Path) -> None:
    root = write(tmp_path, {"m.yaml": f"{GROUP}enabled: ${{var.search}}\n"}, PROJECT)
    assert addresses(root) == []
    assert addresses(root, search="true") == ["DatasetGroup/movies"]
    each = (
        EACH.replace('"${each.value}"', "x")
        + "forEach: {a: {on: true}, b: {on: false}}\nenabled: ${each.value.on}\n"
    )
    assert addresses(write(tmp_path / "each", {"m.yaml": each}, PROJECT)) == ["DatasetGroup/g-a"]


def test_an_instance_is_the_templates_documents(tmp_path: Path) -> None:
    second = INSTANCE.replace("north", "south").replace("city: oslo", "city: rome, tps: 4")
    root = write(tmp_path, {"t/site.yaml": TEMPLATE, "m.yaml": f"{INSTANCE}---\n{second}"}, PROJECT)
    project = load(root)
    assert [str(a) for a in project.resources] == [
        "DatasetGroup/oslo",
        "DatasetGroup/rome",
        "EventTracker/north-web",
        "EventTracker/south-web",
    ]
    tracker = project.resources[Address("EventTracker", "south-web")]
    assert tracker.tags == {"tps": "t4"}
    assert str(tracker.position.file) == "t/site.yaml"


def test_instances_and_templates_take_for_each(tmp_path: Path) -> None:
    instance = INSTANCE.replace("north", "'${each.key}'").replace("oslo", "'${each.value}'")
    template = TEMPLATE.replace(
        '"${param.city}"}\n  - kind: E', '"${param.city}-${each.key}"}\n    forEach: [x, y]\n  - kind: E'
    )
    template = template.replace('datasetGroup: "${param.city}"', 'datasetGroup: "${param.city}-x"')
    text = f"{template}---\n{instance}forEach: {{n: oslo, s: rome}}\n"
    assert addresses(write(tmp_path, {"m.yaml": text}, PROJECT)) == [
        "DatasetGroup/oslo-x",
        "DatasetGroup/oslo-y",
        "DatasetGroup/rome-x",
        "DatasetGroup/rome-y",
        "EventTracker/n-web",
        "EventTracker/s-web",
    ]


def test_a_sensitive_parameter_stays_sensitive(tmp_path: Path) -> None:
    instance = INSTANCE.replace("city: oslo", "city: oslo, code: '${var.token}'")
    template = TEMPLATE.replace("parameters:\n", "parameters:\n  code: {type: string}\n") + (
        "  - kind: Solution\n    metadata: {name: s}\n"
        "    spec: {datasetGroup: oslo, recipe: aws-hrnn, eventType: 'e${param.code}'}\n"
    )
    project = load(write(tmp_path, {"m.yaml": f"{template}---\n{instance}"}, PROJECT))
    assert project.resources[Address("Solution", "s")].sensitive == {"eventType"}


@pytest.mark.parametrize(
    ("documents", "code", "text"),
    [
        ([EACH + "forEach: oslo\n"], "PZ2004", "forEach is"),
        ([EACH + "forEach: [a, a]\n"], "PZ2004", "a twice"),
        ([EACH + "forEach: [{a: 1}]\n"], "PZ2004", "other things"),
        ([EACH + "forEach: ${var.citys}\n"], "PZ0003", "no variable citys"),
        ([EACH + "forEach: ['${var.token}']\n"], "PZ0007", "sensitive"),
        ([EACH], "PZ0003", "means nothing here"),
        ([GROUP + "forEach: [a, b]\n"], "PZ4005", "declared twice"),
        ([GROUP + "enabled: perhaps\n"], "PZ2005", "enabled is"),
        ([EACH.replace("${each.value}", "${each.value.x}") + "forEach: [a]\n"], "PZ0003", "each.value.x"),
        (
            [EACH.replace("${each.value}", "v${each.value}") + "forEach: {a: {b: 1}}\n"],
            "PZ0006",
            "is a mapping, inside a text",
        ),
        ([TEMPLATE, INSTANCE.replace("template: site", "template: sight")], "PZ2006", "no template sight"),
        ([TEMPLATE, INSTANCE.replace("city: oslo", "")], "PZ2007", "city has no value"),
        ([TEMPLATE, INSTANCE.replace("oslo", "[1]")], "PZ2007", "city is a list"),
        ([TEMPLATE, INSTANCE.replace("city: oslo", "city: oslo, tpss: 1")], "PZ2007", "no parameter tpss"),
        ([TEMPLATE, INSTANCE, INSTANCE], "PZ4005", "Instance/north is declared twice"),
        ([TEMPLATE, TEMPLATE], "PZ4005", "Template/site is declared twice"),
        ([TEMPLATE.replace("documents:", "document:")], "PZ3001", "no field document"),
        ([TEMPLATE.replace("tps: {", "name: {")], "PZ2007", "the instance's own name"),
        ([TEMPLATE.replace("param.tps", "param.tp"), INSTANCE], "PZ0003", "param.tp is not there"),
    ],
)
def test_what_is_wrong_is_told(documents: list[str], code: str, text: str, tmp_path: Path) -> None:
    found = wrong(tmp_path, *documents)
    assert code in [one.code for one in found]
    assert any(text in one.summary for one in found), [one.summary for one in found]
    assert all(one.position and one.position.line for one in found if one.code == code)


def test_a_template_in_itself_ends(tmp_path: Path) -> None:
    inner = (
        "  - kind: Instance\n    metadata: {name: '${param.name}x'}\n"
        "    spec: {template: site, parameters: {city: a}}\n"
    )
    assert "PZ2006" in [one.code for one in wrong(tmp_path, TEMPLATE + inner, INSTANCE)]


ITSELF = "  - kind: Instance\n    metadata: {name: inner}\n    spec: {template: site, parameters: {city: a}}\n"


def test_a_template_that_holds_itself_is_told_by_its_name_once(tmp_path: Path) -> None:
    """Also where the instance's name is the same each time, and where there is no instance outside yet."""
    for number, documents in enumerate(([TEMPLATE + ITSELF, INSTANCE], [TEMPLATE + ITSELF])):
        (found,) = wrong(tmp_path / str(number), *documents)
        assert (found.code, found.summary) == ("PZ2006", "the template site holds an instance of itself")
        assert found.position is not None
        assert found.position.line == (TEMPLATE + ITSELF).splitlines().index(ITSELF.splitlines()[-1]) + 1


def test_templates_that_hold_each_other_are_told_as_a_circle(tmp_path: Path) -> None:
    one = TEMPLATE + ITSELF.replace("template: site", "template: other")
    other = TEMPLATE.replace("name: site", "name: other") + ITSELF
    around = TEMPLATE.replace("name: site", "name: around") + ITSELF
    (found,) = wrong(tmp_path, one, other, around, INSTANCE)
    assert (found.code, found.summary) == ("PZ2006", "templates hold each other: other -> site -> other")


def test_a_template_may_hold_itself_where_enabled_ends_it(tmp_path: Path) -> None:
    inner = ITSELF.replace("name: inner", "name: '${param.name}x'").replace("city: a", "city: a, tps: 2")
    template = TEMPLATE.replace('"${param.city}"}', '"${param.city}${param.tps}"}')
    template = template.replace('datasetGroup: "${param.city}"', 'datasetGroup: "${param.city}${param.tps}"')
    root = write(
        tmp_path, {"m.yaml": f"{template}{inner}    enabled: ${{var.search}}\n---\n{INSTANCE}"}, PROJECT
    )
    assert "EventTracker/north-web" in addresses(root)


def test_what_could_not_be_made_is_not_missed_by_others(tmp_path: Path) -> None:
    tracker = TRACKER.replace("forEach: ${var.cities}\n", "").replace("${each.key}", "oslo")
    for number, (documents, code) in enumerate(
        (
            ([EACH + "forEach: 3\n", tracker], "PZ2004"),
            ([TEMPLATE, INSTANCE.replace("city: oslo", ""), tracker.replace("g-oslo", "oslo")], "PZ2007"),
            ([TEMPLATE.replace("tps: {", "name: {"), INSTANCE, tracker.replace("g-oslo", "oslo")], "PZ2007"),
        )
    ):
        assert [one.code for one in wrong(tmp_path / str(number), *documents)] == [code]
