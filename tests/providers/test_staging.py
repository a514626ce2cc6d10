"""Staging files by their content: into a folder that stands in for Amazon S3, and into moto's server."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.engine.errors import InvalidInputException
from pzdecl.manifests.data import fingerprint
from pzdecl.manifests.model import DataSource
from pzdecl.providers import staging
from pzdecl.providers.staging import Stager, Staging
from tests.servers import s3

pytest.importorskip("boto3")
pytest.importorskip("moto.server")
GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset/g/ITEMS"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with s3.server() as url:
        yield url


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """The bucket is shared: every test has a part of it."""
    return f"a/{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}"


def client(url: str) -> Any:
    import boto3

    return boto3.client("s3", endpoint_url=url)


def keys(url: str, prefix: str) -> dict[str, Any]:
    """Times of change by key, without the prefix."""
    found = client(url).list_objects_v2(Bucket=s3.BUCKET, Prefix=prefix).get("Contents", ())
    return {one["Key"].removeprefix(f"{prefix}/"): one["LastModified"] for one in found}


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, prefix: str) -> tuple[Stager, Any]:
    """A stager, and what tells the keys that are there."""
    if request.param == "folder":
        root = tmp_path / "s3"
        found = Staging(s3.BUCKET, prefix, root=root)

        def names() -> list[str]:
            below = root / s3.BUCKET / prefix
            return sorted(p.relative_to(below).as_posix() for p in below.rglob("*") if p.is_file())

        return Stager(found, None), names
    url = request.getfixturevalue("url")
    return Stager(Staging(s3.BUCKET, prefix), lambda: client(url)), lambda: sorted(keys(url, prefix))


def test_a_file_goes_to_its_contents_name(place: tuple[Stager, Any], prefix: str, tmp_path: Path) -> None:
    stager, names = place
    file = tmp_path / "items.csv"
    file.write_text("ITEM_ID\na\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert stager.stage(file, "x") == f"s3://{s3.BUCKET}/{prefix}/{digest}/items.csv"
    assert names() == [f"{digest}/items.csv"]
    file.write_text("ITEM_ID\nb\n")
    assert stager.stage(file, "x").split("/")[-2] != digest
    assert len(names()) == 2


def test_a_folder_goes_below_one_name(place: tuple[Stager, Any], tmp_path: Path) -> None:
    stager, names = place
    folder = tmp_path / "items"
    for name in ("a.csv", "deep/b.csv", ".hidden", ".git/c.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"ITEM_ID\n{name}\n")
    known = fingerprint(tmp_path, DataSource("items", folder))
    assert known is not None
    location = stager.stage(folder, "x")
    assert location.endswith(f"/{known.sha256}/"), "plans tell it from the content, too"
    assert names() == [f"{known.sha256}/a.csv", f"{known.sha256}/deep/b.csv"]


def test_what_is_there_is_not_sent_again(
    url: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    put = staging._S3Bucket.put

    def counted(self: staging._S3Bucket, key: str, content: staging.Content, size: int) -> None:
        sent.append(key)
        put(self, key, content, size)

    monkeypatch.setattr(staging._S3Bucket, "put", counted)

    folder = tmp_path / "items"
    folder.mkdir()
    for name in ("a.csv", "b.csv", "c.csv"):
        (folder / name).write_text(f"ITEM_ID\n{name}\n")
    stager = Stager(Staging(s3.BUCKET, prefix), lambda: client(url))
    location = stager.stage(folder, "x")
    assert len(sent) == 3
    (folder / "a.csv").touch()
    assert stager.stage(folder, "x") == location
    assert len(sent) == 3
    # One of them is gone, another one is not what it says: both are sent again.
    key = location.removeprefix(f"s3://{s3.BUCKET}/")
    client(url).delete_object(Bucket=s3.BUCKET, Key=f"{key}a.csv")
    client(url).put_object(Bucket=s3.BUCKET, Key=f"{key}b.csv", Body=b"cut")
    assert stager.stage(folder, "x") == location
    assert sorted(sent[3:]) == [f"{key}a.csv", f"{key}b.csv"]


@pytest.mark.parametrize("size", [20, 6 * staging.MIB])
def test_a_file_that_changes_meanwhile_is_not_staged(
    place: tuple[Stager, Any], tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stager, names = place
    monkeypatch.setattr(staging, "PART", 5 * staging.MIB)
    file = tmp_path / "items.csv"
    file.write_bytes(b"a" * size)
    digest = staging._digest

    def digest_then_change(path: Path, operation: str) -> tuple[str, int]:
        found = digest(path, operation)
        path.write_bytes(b"b" * size)
        return found

    monkeypatch.setattr(staging, "_digest", digest_then_change)
    with pytest.raises(InvalidInputException, match="was changed while it was uploaded"):
        stager.stage(file, "x")
    assert names() == []


def test_large_files_arrive_in_parts_and_whole(
    url: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "PART", 5 * staging.MIB)
    file = tmp_path / "items.csv"
    file.write_bytes(bytes(range(256)) * (11 * staging.MIB // 256) + b"end")
    stager = Stager(Staging(s3.BUCKET, prefix), lambda: client(url))
    bucket, _, key = stager.stage(file, "x").removeprefix("s3://").partition("/")
    found = client(url).get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == file.read_bytes()
    assert found["ETag"].strip('"').endswith("-3")


KILLED = """\
import os, signal, sys
import boto3
from pathlib import Path
from pzdecl.providers import staging
staging.PART = 5 * staging.MIB
read, reads = staging.Content.read, []
def dying(self, size=-1):
    reads.append(size)
    if len(reads) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, size)
staging.Content.read = dying
url, bucket, prefix, path = sys.argv[1:]
staging.Stager(
    staging.Staging(bucket, prefix), lambda: boto3.client("s3", endpoint_url=url)
).stage(Path(path), "x")
"""


def test_a_half_uploaded_object_is_never_seen(url: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_bytes(b"x" * (11 * staging.MIB))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, url, s3.BUCKET, prefix, file],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert keys(url, prefix) == {}
    Stager(Staging(s3.BUCKET, prefix), lambda: client(url)).stage(file, "x")
    assert len(keys(url, prefix)) == 1


def refused(stager: Stager, path: Path) -> str:
    with pytest.raises(InvalidInputException) as caught:
        stager.stage(path, "CreateDatasetImportJob")
    assert caught.value.operation == "CreateDatasetImportJob"
    return caught.value.message


def test_what_cannot_be_staged_is_said(url: str, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("x")
    missing = Stager(Staging("no-such-bucket"), lambda: client(url))
    assert "there is no bucket no-such-bucket, which provider.staging names" in refused(missing, file)
    there = Stager(Staging(s3.BUCKET), lambda: client(url))
    assert f"there is nothing at {tmp_path}/none" in refused(there, tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "there is nothing at" in refused(there, tmp_path / "empty")
    (tmp_path / "root").write_text("in the way")
    folder = Stager(Staging("b", root=tmp_path / "root"), None)
    assert "nothing could be staged at s3://b" in refused(folder, file)


def test_denied_access_names_what_is_needed(url: str, tmp_path: Path) -> None:
    from botocore.stub import Stubber

    file = tmp_path / "items.csv"
    file.write_text("x")
    found = client(url)
    with Stubber(found) as stub:
        stub.add_client_error("list_objects_v2", "AccessDenied", "no", 403)
        told = refused(Stager(Staging("mine", "p"), lambda: found), file)
        assert "s3://mine/p can't be written to (AccessDenied: no)" in told
        assert "s3:ListBucket on arn:aws:s3:::mine;" in told
        assert "s3:PutObject" not in told
        stub.add_response("list_objects_v2", {})
        stub.add_client_error("put_object", "AccessDenied", "no", 403)
        told = refused(Stager(Staging("mine", "p"), lambda: found), file)
        assert "s3:PutObject on arn:aws:s3:::mine/p/*;" in told
        stub.add_response("list_objects_v2", {})
        stub.add_client_error(
            "put_object", "AccessDenied", "not authorized to perform: kms:GenerateDataKey", 403
        )
        told = refused(Stager(Staging("mine"), lambda: found), file)
        assert (
            "s3:PutObject on arn:aws:s3:::mine/*, and kms:GenerateDataKey and kms:Decrypt on the bucket" in told
        )
        stub.add_response("list_objects_v2", {})
        stub.add_client_error("put_object", "AccessDenied", "no", 403)
        told = refused(Stager(Staging("mine", kms_key="alias/k"), lambda: found), file)
        assert "kms:Decrypt on alias/k" in told


@pytest.mark.parametrize(("code", "hint"), [("ExpiredToken", "renew them"), ("RequestTimeTooSkewed", "clock")])
def test_keys_that_do_not_count_are_no_matter_of_permissions(
    url: str, tmp_path: Path, code: str, hint: str
) -> None:
    from botocore.stub import Stubber

    file = tmp_path / "items.csv"
    file.write_text("x")
    found = client(url)
    with Stubber(found) as stub:
        stub.add_client_error("list_objects_v2", code, "no", 400)
        told = refused(Stager(Staging("mine", "p"), lambda: found), file)
    assert hint in told
    assert "s3:" not in told.replace("s3://", "")


def test_a_key_of_the_users_own_encrypts(url: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("x")
    location = Stager(Staging(s3.BUCKET, prefix, kms_key="arn:key"), lambda: client(url)).stage(file, "x")
    key = location.removeprefix(f"s3://{s3.BUCKET}/")
    found = client(url).head_object(Bucket=s3.BUCKET, Key=key)
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "arn:key")


def test_requests_name_what_was_staged(url: str, prefix: str, tmp_path: Path) -> None:
    from botocore.stub import Stubber

    file = tmp_path / "items.csv"
    file.write_text("x")
    aws = providers.open_aws(region="eu-west-1", staging=Staging(s3.BUCKET, prefix, endpoint=url))
    digest = hashlib.sha256(b"x").hexdigest()
    to = f"s3://{s3.BUCKET}/{prefix}/{digest}/items.csv"
    params = {"jobName": "j", "datasetArn": GROUP}
    with Stubber(aws._client("personalize")) as stub:
        for location in (str(file), f"file://{file}"):
            stub.add_response(
                "create_dataset_import_job",
                {"datasetImportJobArn": GROUP},
                {**params, "dataSource": {"dataLocation": to}},
            )
            aws.call("create_dataset_import_job", **params, dataSource={"dataLocation": location})
    aws.close()
