"""`provider:` of the project file: where files are staged, as whom pzdecl acts, and all that can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from pzdecl.providers.staging import Staging
from tests.manifests.projects import GROUP, errors, everything, write

ROLE = "arn:aws:iam::123456789012:role/deploy"


def project(tmp_path: Path, provider: str, more: str = "") -> Path:
    return write(tmp_path, {"m.yaml": GROUP}, project=f"name: shop\nprovider: {provider}\n{more}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s3://bucket", Staging("bucket")),
        ("s3://bucket/", Staging("bucket")),
        ("s3://bucket/a//b/", Staging("bucket", "a/b")),
        ("{location: s3://bucket/a, kmsKey: alias/k}", Staging("bucket", "a", kms_key="alias/k")),
        (
            "{location: s3://bucket/a, endpoint: 'http://localhost:9000'}",
            Staging("bucket", "a", endpoint="http://localhost:9000"),
        ),
    ],
)
def test_a_place_for_files(tmp_path: Path, text: str, found: Staging) -> None:
    assert load(project(tmp_path, f"{{type: aws, staging: {text}}}")).provider.staging == found


def test_a_folder_may_stand_in_for_s3(tmp_path: Path) -> None:
    root = project(
        tmp_path, "{type: aws, staging: 's3://${var.b}/a', s3Root: s3}", "variables: {b: {default: own}}"
    )
    assert load(root).provider.staging == Staging("own", "a", root=tmp_path / "s3")


def test_a_role_to_act_as(tmp_path: Path) -> None:
    more = f"environments:\n  prod: {{provider: {{type: aws, assumeRole: '{ROLE}', externalId: abc}}}}\n"
    root = project(tmp_path, "{type: aws}", more)
    assert (load(root).provider.assume_role, load(root).provider.external_id) == (None, None)
    found = load(root, environment="prod").provider
    assert (found.assume_role, found.external_id) == (ROLE, "abc")


@pytest.mark.parametrize(
    ("provider", "code", "field"),
    [
        ("{type: aws, staging: bucket/x}", "PZ3006", "provider.staging"),
        ("{type: aws, staging: s3://UPPER/x}", "PZ3006", "provider.staging"),
        ("{type: aws, staging: 5}", "PZ3003", "provider.staging"),
        ("{type: aws, staging: {kmsKey: x}}", "PZ3002", "provider.staging"),
        ("{type: aws, staging: {location: s3://bucket, endpont: x}}", "PZ3001", "provider.staging.endpont"),
        ("{type: aws, staging: {location: s3://bucket, endpoint: x}}", "PZ3006", "provider.staging.endpoint"),
        ("{type: aws, endpoint: 'localhost:8080'}", "PZ3006", "provider.endpoint"),
        ("{type: aws, assumeRole: deploy}", "PZ3006", "provider.assumeRole"),
        ("{type: aws, role: personalize-data}", "PZ3006", "provider.role"),
        ("{type: aws, externalId: abc}", "PZ3002", "provider.externalId"),
        ("{type: local, staging: s3://bucket/x}", "PZ3001", "provider.staging"),
        (f"{{assumeRole: '{ROLE}'}}", "PZ3001", "provider.assumeRole"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, provider: str, code: str, field: str) -> None:
    [error] = errors(project(tmp_path, provider))
    assert (error.code, error.field) == (code, field)
    assert error.position
    assert (error.position.file, error.position.line) == ("pzdecl.yaml", 2)


def test_other_environments_are_looked_at_as_well(tmp_path: Path) -> None:
    more = "environments:\n  dev: {provider: {type: local, staging: s3://bucket/x}}\n"
    [error] = errors(project(tmp_path, "{type: aws}", more))
    assert (error.code, error.field) == ("PZ3001", "environments.dev.provider.staging")


OUT = """\
---
apiVersion: pzdecl/v1
kind: DatasetExport
metadata: {name: copy}
spec: {dataset: interactions, jobOutput: {s3DataDestination: {path: out}}}
"""


def test_files_need_a_place_and_nothing_is_written_here(tmp_path: Path) -> None:
    [error] = errors(everything(tmp_path, "name: test\nprovider: {type: aws}\n"))
    assert (error.code, error.hint) == (
        "PZ5005",
        "set staging: s3://BUCKET/PREFIX below provider: in pzdecl.yaml",
    )
    staged = "name: test\nprovider: {type: aws, staging: s3://bucket/x}\n"
    found = load(everything(tmp_path, staged)).resources[Address("DatasetImport", "interactions")]
    assert found.data
    assert found.data.path
    (tmp_path / "out.yaml").write_text(OUT.removeprefix("---\n"))
    [error] = errors(tmp_path)
    assert (error.code, error.field) == ("PZ5005", "spec.jobOutput.s3DataDestination.path")
    assert "cannot write to out" in error.summary
