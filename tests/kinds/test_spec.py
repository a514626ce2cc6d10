"""Specs: what they take quickly is what pydantic makes of it, whatever stands there."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pzdecl.kinds import KINDS
from pzdecl.kinds.campaign import Gate
from pzdecl.kinds.dataset import DatasetSpec
from pzdecl.kinds.models import judge, model_of
from pzdecl.kinds.solution import TrainingSpec
from pzdecl.kinds.spec import BeforeValidator, Field, Spec, StringConstraints, Unsure
from pzdecl.manifests import moves, project_spec, templates
from pzdecl.manifests.envelope import MetadataSpec
from pzdecl.rehearsal.specs import TestDocument


def _specs(base: type[Spec] = Spec) -> Iterator[type[Spec]]:
    """Every spec that there is: the modules above load them all."""
    for spec in base.__subclasses__():
        if spec.__module__.startswith("pzdecl."):
            yield spec
        yield from _specs(spec)


LOADED = (KINDS["Solution"], MetadataSpec, TestDocument, moves, project_spec, templates)
SPECS = sorted(set(_specs()), key=lambda spec: f"{spec.__module__}.{spec.__name__}")

TEXTS = [
    *("", "a", "movies", "a\n", " a", "-a", "é", "\x1c", "a\x1c", "\ud800", "x" * 63, "x" * 64, "x" * 256),
    *("x" * 257, "x" * 2501, "arn:aws:iam::123456789012:role/r", "arn:aws:kms:eu:123456789012:key/k"),
    *("s3://bucket/x", "s3://bucket/a b", "https://x", "https://x\x1d", "rate(7 days)", "rate(७ days)"),
    *("Interactions", "items", "A_1", "pzdecl/v1", "١", "ß"),
]
NUMBERS = [0, 1, -1, 2, 500, 501, 2**31, 10**400, 0.0, -0.0, 0.5, 1.0, 1.5, math.inf, math.nan, -1e308, 1e308]
QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck))
JUNK = st.sampled_from([*TEXTS, *NUMBERS, True, False, None, [], {}, [1], {"a": 1}, (), b"a", {1: 2}])


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that nearly fit a type."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0])
    if origin in (Union, types.UnionType):
        return st.one_of(*map(_values, arguments))
    if origin is Literal:
        return st.sampled_from([*arguments, str(arguments[0]).lower(), "other"])
    if origin in (list, dict):
        make: Any = st.lists if origin is list else st.dictionaries
        return make(*map(_values, arguments), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return _plain(annotation)
    known = {str: TEXTS, int: NUMBERS[:7], float: NUMBERS, bool: [True, False], types.NoneType: [None]}
    return st.sampled_from(known[annotation]) if annotation in known else JUNK


def _plain(spec: type[Spec]) -> st.SearchStrategy[Any]:
    rows = spec.fields().values()
    required = {row.alias: _values(row.annotation) for row in rows if row.required}
    optional = {row.alias: _values(row.annotation) for row in rows if not row.required}
    wrong = st.sampled_from([row.alias for row in rows] + ["other"])
    plain = st.fixed_dictionaries(required, optional=optional)
    return plain | st.builds(lambda value, key, junk: {**value, key: junk}, plain, wrong, JUNK)


def _read(spec: type[Spec], value: Any) -> Spec | None:
    try:
        return spec.read(value)
    except Unsure:
        return None


def _agree(spec: type[Spec], value: Any) -> None:
    found = _read(spec, value)
    if found is None:
        return
    model = model_of(spec).model_validate(value)  # which raises where the spec took too much
    assert repr(judge(spec, value)) == repr(found), "the same values, of the same types"
    assert judge(spec, value) == found
    for exclude in ({}, {"exclude_defaults": True}, {"exclude_none": True}):
        for by_alias in (True, False):
            expected = model.model_dump(by_alias=by_alias, **exclude)
            assert repr(found.model_dump(by_alias=by_alias, **exclude)) == repr(expected)
    if _is_json(value):
        assert found.model_dump() == model.model_dump(mode="json")


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


@settings(QUICK, max_examples=200)
@given(data=st.data())
def test_what_is_taken_quickly_is_what_pydantic_makes_of_it(data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(SPECS))
    _agree(spec, data.draw(_plain(spec) | JUNK))


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)
@settings(QUICK, max_examples=500)
@given(data=st.data())
def test_every_spec_agrees_with_pydantic(spec: type[Spec], data: st.DataObject) -> None:
    _agree(spec, data.draw(_plain(spec) | JUNK))


class Inner(Spec):
    """What stands in another spec."""

    name: Annotated[str, StringConstraints(min_length=1)]


class Every(Spec):
    """Fields of every sort."""

    whole: int | None = Field(None, ge=0, le=9)
    part: float = Field(1.0, gt=0)
    mixed: str | int | float | bool | None = None
    one_or_more: Inner | list[Inner] | None = None
    either: Literal["a"] | list[Literal["a", "b"]] = Field(["a", "b"])
    names: Annotated[dict[str, list[Inner]], Field(max_length=2)] | None = None
    upper: Annotated[Literal["X"], BeforeValidator(lambda value: str(value).upper())] = "X"
    unknown: set[int] | None = None
    two_texts: Literal["one"] | Annotated[str, StringConstraints(pattern="^t")] | None = None


TAKEN = [
    {},
    {"whole": 0, "part": 2, "mixed": 1},
    {"part": 0.5, "mixed": 1.0},
    {"mixed": True, "oneOrMore": {"name": "x"}},
    {"oneOrMore": [{"name": "x"}, {"name": "é"}], "either": "a"},
    {"either": ["b"], "names": {"x": [{"name": "y"}], "z": []}},
    {"upper": "x"},
]
LEFT = [
    None,
    {"other": 1},
    {"whole": True},
    {"whole": 1.0},
    {"whole": 10},
    {"part": 0},
    {"part": "1"},
    {"part": math.nan},
    {"oneOrMore": {"name": ""}},
    {"oneOrMore": {}},
    {"oneOrMore": [{"name": "\ud800"}]},
    {"either": ["c"]},
    {"names": {"a": [], "b": [], "c": []}},
    {"names": {1: []}},
    {"unknown": {1}},
    {"twoTexts": "one"},
]


@pytest.mark.parametrize("value", TAKEN, ids=repr)
def test_what_is_certainly_right_is_taken(value: Any) -> None:
    assert _read(Every, value) is not None
    _agree(Every, value)


@pytest.mark.parametrize("value", LEFT, ids=repr)
def test_what_is_not_is_left_to_pydantic(value: Any) -> None:
    assert _read(Every, value) is None


def test_what_only_pydantic_knows_is_a_spec_all_the_same() -> None:
    found = Every.model_validate({"unknown": {1}, "twoTexts": "one", "oneOrMore": [{"name": "x"}]})
    assert found.unknown == {1}
    assert found.two_texts == "one"
    assert found.one_or_more == [Inner(name="x")]
    assert found == Every(**found.model_dump(by_alias=True))
    assert Every.model_validate(found) is found


def test_what_is_wrong_is_said_by_pydantic() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Every(other=1)
    with pytest.raises(ValueError, match="greater than 0"):
        Every.model_validate({"part": 0})


def test_defaults_are_nobody_elses() -> None:
    first, second = TrainingSpec(), TrainingSpec()
    assert isinstance(first.when, list)
    first.when.clear()
    assert second.when == ["config", "data"] == TrainingSpec().when


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="a Gate cannot be changed"):
        Gate(metric="coverage").metric = "precision"  # type: ignore[misc]


def test_fields_of_what_a_spec_derives_from_come_first() -> None:
    rows = KINDS["BatchInferenceJob"].spec.fields()
    assert next(iter(rows)) == "solution"
    assert rows["job_input"].alias == "jobInput"
    assert [name for name, row in DatasetSpec.fields().items() if row.required] == [
        "dataset_group",
        "dataset_type",
        "schema_",
    ]


def test_reading_valid_specs_needs_no_pydantic() -> None:
    code = (
        "import sys; from pzdecl.kinds import KINDS\n"
        "spec = KINDS['Solution'].spec.model_validate({'datasetGroup': 'g', 'recipe': 'aws-hrnn',\n"
        "    'solutionConfig': {'algorithmHyperParameters': {'hidden_dimension': 64}}})\n"
        "print(KINDS['Solution'].inputs(spec), file=sys.stderr)\n"
        "sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
