"""Projects that are fine: what they become."""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path

import pytest

from pzdecl.errors import Position
from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from pzdecl.manifests.model import Project
from tests.counting import calls
from tests.manifests.projects import DATASET, GROUP, IMPORT, SCHEMA, SOLUTION, errors, everything, write


def test_every_kind_becomes_a_resource(tmp_path: Path) -> None:
    project = load(everything(tmp_path))
    assert [str(address) for address in project.resources] == [
        "Campaign/movies",
        "Dataset/interactions",
        "DatasetGroup/movies",
        "DatasetImport/interactions",
        "EventTracker/web",
        "Schema/interactions",
        "Solution/hrnn",
        "SolutionVersion/hrnn",
    ]
    assert project.name == "test"
    assert project.environment == "default"
    assert project.state.path == tmp_path / ".pzdecl/state/default.db"
    assert project.provider.engine == tmp_path / ".pzdecl/engine"
    assert not (tmp_path / ".pzdecl").exists()
    assert gc.isenabled()


def test_what_follows_from_kinds(tmp_path: Path) -> None:
    more = IMPORT.replace("{name: interactions}", "{name: more}") + "  importMode: INCREMENTAL\n"
    root = write(everything(tmp_path), {"more.yaml": more})
    needs = {str(a): [str(n) for n in d.depends_on] for a, d in load(root).resources.items()}
    assert needs["Campaign/movies"] == ["Solution/hrnn", "SolutionVersion/hrnn"]
    assert needs["SolutionVersion/hrnn"] == [
        "DatasetImport/interactions",
        "DatasetImport/more",
        "Solution/hrnn",
    ]
    assert needs["DatasetImport/more"] == ["Dataset/interactions", "DatasetImport/interactions"]
    assert needs["Dataset/interactions"] == ["DatasetGroup/movies", "Schema/interactions"]


def test_incremental_alone_is_a_warning(tmp_path: Path) -> None:
    files = {
        "m.yaml": "---\n".join([GROUP, SCHEMA, DATASET, IMPORT + "  importMode: INCREMENTAL\n"]),
        "interactions.csv": "a\n",
    }
    [warning] = load(write(tmp_path, files)).warnings
    assert (warning.code, str(warning.position)) == ("PZ5004", "m.yaml:30:15")


def test_places_of_fields(tmp_path: Path) -> None:
    resources = load(everything(tmp_path)).resources
    schema = resources[Address("Schema", "interactions")].positions
    assert schema["spec.schema.fields[1].type"] == Position("all.yaml", 15, 31)
    assert schema["spec.schema.fields"] == Position("all.yaml", 13, 5)
    assert schema["metadata.name"] == Position("all.yaml", 7, 18)
    with pytest.raises(KeyError):
        schema["spec.schema.fields[9].type"]
    assert all(schema[path].file == "all.yaml" for path in schema)
    assert len(schema) == len(list(schema)) == 20
    version = resources[Address("SolutionVersion", "hrnn")]
    assert version.position == resources[Address("Solution", "hrnn")].position
    assert version.inputs == {"solution": "hrnn", "trainingMode": "FULL", "when": ["config", "data"]}


def test_a_key_with_a_dot_has_a_place(tmp_path: Path) -> None:
    text = "apiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata:\n  name: g\n  tags:\n    a.b: x\n    a: y\n"
    [group] = load(write(tmp_path, {"m.yaml": text})).resources.values()
    assert group.positions["metadata.tags.a.b"].line == 6
    assert group.positions["metadata.tags.a"].line == 7


def test_a_path_is_relative_to_its_manifest_and_recorded_from_the_root(tmp_path: Path) -> None:
    files = {
        "deep/er/m.yaml": "---\n".join(
            [GROUP, SCHEMA, DATASET, IMPORT.replace("interactions.csv", "../x.csv")]
        ),
        "deep/x.csv": "a\n",
    }
    found = load(write(tmp_path, files)).resources[Address("DatasetImport", "interactions")]
    assert found.inputs["dataSource"] == {"dataLocation": "deep/x.csv"}
    assert found.data is not None
    assert found.data.path == tmp_path / "deep/x.csv"


def test_a_bucket_is_left_as_it_is(tmp_path: Path) -> None:
    remote = IMPORT.replace("interactions.csv", "s3://bucket/x.csv")
    files = {"m.yaml": "---\n".join([GROUP, SCHEMA, DATASET, remote])}
    for provider in ("local", "aws"):
        root = write(tmp_path, files, f"name: test\nprovider: {{type: {provider}}}\n")
        found = load(root).resources[Address("DatasetImport", "interactions")]
        assert found.data is not None
        assert (found.data.location, found.data.path) == ("s3://bucket/x.csv", None)
    files = {"m.yaml": files["m.yaml"].replace("s3://", "https://")}
    [error] = errors(write(tmp_path, files, "name: test\n"))
    assert (error.code, error.field) == ("PZ5009", "spec.dataSource.dataLocation")


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    text = "---\n".join([GROUP, SCHEMA, DATASET, IMPORT.replace("interactions.csv", "~/x.csv")])
    root = write(tmp_path / "project", {"m.yaml": text, "../home/x.csv": "a\n"})
    found = load(root).resources[Address("DatasetImport", "interactions")]
    assert found.inputs["dataSource"] == {"dataLocation": f"{tmp_path}/home/x.csv"}


def test_amazon_reads_no_files(tmp_path: Path) -> None:
    root = everything(tmp_path, "name: test\nprovider: {type: aws}\n")
    assert [one.code for one in errors(root)] == ["PZ5005"]
    everything(tmp_path, "name: test\nprovider: {type: aws, endpoint: 'http://localhost:8080'}\n")
    assert load(root).provider.endpoint == "http://localhost:8080"


def test_amazon_has_more_recipes(tmp_path: Path) -> None:
    trending = SOLUTION.replace("aws-hrnn", "aws-trending-now")
    root = write(tmp_path, {"m.yaml": f"{GROUP}---\n{trending}"}, "name: test\nprovider: {type: aws}\n")
    assert load(root).resources[Address("Solution", "hrnn")].inputs["recipe"] == "aws-trending-now"


def test_a_schema_file_is_the_same_as_its_text(tmp_path: Path) -> None:
    inline = load(write(tmp_path / "a", {"m.yaml": SCHEMA})).resources[Address("Schema", "interactions")]
    import json

    head = SCHEMA.partition("spec:")[0]
    files = {
        "m.yaml": f"{head}spec: {{schemaFile: schemas/i.avsc}}\n",
        "schemas/i.avsc": json.dumps(inline.inputs["schema"], indent="\t"),
    }
    found = load(write(tmp_path / "b", files)).resources[Address("Schema", "interactions")]
    assert found.inputs == inline.inputs


def test_errors_lead_into_a_schema_file(tmp_path: Path) -> None:
    head = SCHEMA.partition("spec:")[0]
    schema = (
        '{\n  "type": "record", "name": "Interactions",\n  "fields": [{"name": "USER_ID", "type": "text"}]\n}\n'
    )
    root = write(tmp_path, {"m.yaml": f"{head}spec: {{schemaFile: i.json}}\n", "i.json": schema})
    found = [(one.code, str(one.position)) for one in errors(root)]
    assert ("PZ6001", "i.json:3:42") in found
    assert all(place.startswith("i.json:3:") for _, place in found)


def test_lifecycle(tmp_path: Path) -> None:
    lifecycle = "{protect: true, ignoreChanges: [spec.solutionConfig.hpoConfig, eventType], onDelete: retain}"
    text = SOLUTION.replace("{name: hrnn}", f"{{name: hrnn, lifecycle: {lifecycle}}}")
    resources = load(write(tmp_path, {"m.yaml": f"{GROUP}---\n{text}"})).resources
    found = resources[Address("Solution", "hrnn")].lifecycle
    assert (found.protect, found.ignore_changes, found.on_delete) == (
        True,
        ("solutionConfig.hpoConfig", "eventType"),
        "retain",
    )
    assert not resources[Address("SolutionVersion", "hrnn")].lifecycle.protect


@pytest.mark.parametrize(
    "path",
    [
        "solutionConfig.*",
        "perform*",
        "*",
        "tags",
        "tags.cost",
        "metadata.tags.*",
        "solutionConfig.eventsConfig.eventParametersList[0]",
        "solutionConfig.eventsConfig.eventParametersList[*].weight",
    ],
)
def test_changes_are_ignored_by_pattern_and_tag(tmp_path: Path, path: str) -> None:
    text = SOLUTION.replace("{name: hrnn}", f"{{name: hrnn, lifecycle: {{ignoreChanges: ['{path}']}}}}")
    resources = load(write(tmp_path, {"m.yaml": f"{GROUP}---\n{text}"})).resources
    ignored = resources[Address("Solution", "hrnn")].lifecycle.ignore_changes
    assert ignored == (path.removeprefix("metadata."),)


@pytest.mark.parametrize("path", ["solutionConf.*", "nothing*", "solutionConfig.eventsConfig.list[*]", "tag.x"])
def test_a_pattern_that_no_field_fits_is_refused(tmp_path: Path, path: str) -> None:
    text = SOLUTION.replace("{name: hrnn}", f"{{name: hrnn, lifecycle: {{ignoreChanges: ['{path}']}}}}")
    [error] = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{text}"}))
    assert error.code == "PZ3009"


def test_nothing_behind_a_field_is_no_field(tmp_path: Path) -> None:
    text = SOLUTION + "  eventType:\n  solutionConfig: ~\n"
    [_, solution, _] = load(write(tmp_path, {"m.yaml": f"{GROUP}---\n{text}"})).resources.values()
    assert solution.inputs == {"datasetGroup": "movies", "recipe": "aws-hrnn"}


def test_anchors_and_aliases(tmp_path: Path) -> None:
    text = GROUP.replace("{name: movies}", "{name: &n movies, tags: {a: *n, b: *n}}")
    [group] = load(write(tmp_path, {"m.yaml": text})).resources.values()
    assert group.tags == {"a": "movies", "b": "movies"}


def test_a_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + GROUP.replace("\n", "\r\n").encode()
    assert list(load(write(tmp_path, {"m.yaml": data})).resources) == [Address("DatasetGroup", "movies")]


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    [error] = errors(tmp_path)
    assert (error.code, error.hint) == ("PZ0001", "`pzdecl init` writes one; -C DIR points elsewhere")
    (tmp_path / "pzdecl.yml").write_text("name: x\n")
    assert "rename" in str(errors(tmp_path)[0].hint)


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        ("nam: x\n", "PZ3001", "1:1", "name"),
        ("name: [x]\n", "PZ3003", "1:1", None),
        ("name: x\nprovider: {type: local, regoin: a}\n", "PZ3001", "2:25", "region"),
        ("name: x\nprovider: {type: gcp}\n", "PZ3004", "2:18", None),
        ("name: x\nexclude: ci\n", "PZ3003", "2:10", None),
        ("name: x\n---\nname: y\n", "PZ2001", "3:1", None),
        ("- x\n", "PZ2001", "1:1", None),
        ("", "PZ2001", "1:1", None),
        ("name: x\nname: y\n", "PZ1004", "2:1", None),
    ],
)
def test_errors_of_the_project_file(
    tmp_path: Path, text: str, code: str, place: str, suggestion: str | None
) -> None:
    found = [one for one in errors(write(tmp_path, {}, text)) if one.code == code]
    assert [(str(one.position), one.suggestion) for one in found] == [(f"pzdecl.yaml:{place}", suggestion)]


def test_documents_that_nothing_divides(tmp_path: Path) -> None:
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}{GROUP}"}))
    assert [one.code for one in found] == ["PZ1004"] * 3
    assert str(found[0].hint).endswith("; if a document begins here, put a line --- above it")
    assert "---" not in str(found[1].hint)


def test_broken_yaml_shows_even_without_variables(tmp_path: Path) -> None:
    root = write(tmp_path, {"m.yaml": "a: [\n"}, "name: x\nvariables: {a: {}}\n")
    assert [one.code for one in errors(root)] == ["PZ1002", "PZ0004"]


def test_the_pure_loader_sees_the_same(tmp_path: Path) -> None:
    """Without libyaml, PyYAML's own composer gives the same values and the same places."""
    from pzdecl.manifests.evaluate import Evaluator, Variables
    from pzdecl.manifests.nodes import PureLoader, compose
    from pzdecl.manifests.positions import Positions
    from pzdecl.manifests.report import Report

    text = SCHEMA + "more: [{a: 'q', b: [1, 1e3, no, !!str 5], c: \"é\\n\"}]\nlast: |\n  a\n\n  b\n"
    fast, pure = compose(text, "m", Report()), compose(text, "m", Report(), PureLoader)
    assert fast
    assert pure
    values = [Evaluator("m", Variables(), Report()).value(one[0]) for one in (fast, pure)]
    assert values[0] == values[1]
    assert dict(Positions("m", fast[0])) == dict(Positions("m", pure[0]))


def test_many_resources_load_in_linear_time(tmp_path: Path) -> None:
    """Three times the resources take about three times the work: nothing looks at every pair."""

    def work(count: int) -> int:
        root = tmp_path / str(count)
        text = "---\n".join(GROUP.replace("movies", f"g{i}") for i in range(count))
        write(root, {"m.yaml": text})
        loaded: list[Project] = []
        found = calls(lambda: loaded.append(load(root)))
        assert len(loaded[0].resources) == count
        return found

    work(10)
    assert work(900) < 3.5 * work(300)


def test_a_project_file_that_may_not_be_read_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = everything(tmp_path)
    refused(monkeypatch, root / "pzdecl.yaml")
    (found,) = errors(root)
    assert (found.code, found.summary) == ("PZ1007", "the file cannot be read: Permission denied")


def test_a_folder_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it declares would be deleted otherwise. References into it are not called wrong."""
    root = write(tmp_path, {"m.yaml": SOLUTION, "deep/er/g.yaml": GROUP, "left/out.yaml": ""}, "name: test\n")
    refused(monkeypatch, root / "deep", root / "left")
    found = {(one.code, one.summary, str(one.position)) for one in errors(root)}
    assert found == {
        ("PZ1007", "the folder cannot be read: Permission denied", f"{name}:1:1") for name in ("deep", "left")
    }
    (root / "pzdecl.yaml").write_text("name: test\nexclude: [left]\n")
    assert [one.position and one.position.file for one in errors(root)] == ["deep"]


def test_a_manifest_that_may_not_be_read_is_not_missed_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path, {"m.yaml": SOLUTION, "g.yaml": GROUP}, "name: test\n")
    refused(monkeypatch, root / "g.yaml")
    assert [one.code for one in errors(root)] == ["PZ1007"]


def test_data_that_may_not_be_read_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is a part alone: the rest would be imported without it."""
    root = everything(tmp_path)
    (document,) = [d for d in load(root).resources.values() if d.data is not None]
    assert document.data is not None
    assert document.data.path is not None
    path = document.data.path
    path.unlink()
    (path / "deep").mkdir(parents=True)
    (path / "a.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\n1,2,3\n")
    (path / ".hidden").mkdir()
    refused(monkeypatch, path / "deep", path / ".hidden")
    (found,) = [one for one in errors(root) if one.code != "PZ1007"]  # the folder may hold manifests, too
    assert found.code == "PZ7001"
    assert "cannot be read: Permission denied" in found.summary
    assert found.summary.endswith("deep")


def refused(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    """Has these files and folders refuse to be read: the tests may run as a user who may read all."""
    scandir, read = os.scandir, Path.read_bytes

    def fail(path: object) -> None:
        if Path(os.path.abspath(str(path))) in paths:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def scan(path: str) -> object:
        fail(path)
        return scandir(path)

    def reading(path: Path) -> bytes:
        fail(path)
        return read(path)

    def text(path: Path, *_: object) -> str:
        return reading(path).decode()

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(Path, "read_bytes", reading)
    monkeypatch.setattr(Path, "read_text", text)


def test_a_link_that_leads_nowhere_is_a_manifest_that_is_missing(tmp_path: Path) -> None:
    root = write(tmp_path, {"m.yaml": SOLUTION}, "name: test\n")
    (root / "g.yaml").symlink_to(root / "gone.yaml")
    (found,) = errors(root)
    assert (found.code, str(found.position)) == ("PZ1007", "g.yaml:1:1")
    assert found.hint == "it is a link, and leads nowhere"
