"""Reading and writing by location: paths, a folder that stands in for S3, and a server of S3's API."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.data.storage import S3Settings, Storage, StorageError
from tests.contract.clients import InProcess, dataset, group, schema, settled


def nothing() -> None:
    """Nobody asks to stop."""


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    for name in ("shop/in/a.json", "shop/in/deep/b.json", "other/c.json"):
        path = tmp_path / "buckets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "buckets"


def test_a_folder_stands_in_for_s3(buckets: Path, tmp_path: Path) -> None:
    storage = Storage(S3Settings(buckets))
    assert storage.absolute("s3://shop/in/a.json") == "s3://shop/in/a.json"
    assert storage.fetch("s3://shop/in/a.json", tmp_path / "x", nothing).read_text() == "shop/in/a.json"
    assert storage.fetch("s3://shop/in/", tmp_path / "x", nothing) == buckets / "shop/in"
    storage.deliver({"a/b.out": tmp_path / "secret"}, "s3://shop/out/", "1")
    assert (buckets / "shop/out/a/b.out").read_text() == "secret"
    assert [path.name for path in (buckets / "shop/out/a").iterdir()] == ["b.out"]


@pytest.mark.parametrize(
    "location",
    [
        "s3://shop/../../secret",
        "s3://../secret",
        "s3://shop//etc/passwd",
        "s3://shop/way/out",
        "s3://./shop/in",
    ],
)
def test_there_is_no_way_out_of_the_folder(buckets: Path, tmp_path: Path, location: str) -> None:
    (buckets / "shop/way").symlink_to(tmp_path)
    with pytest.raises(ValueError, match=r"Invalid Data location\."):
        Storage(S3Settings(buckets)).absolute(location)
    with pytest.raises(StorageError):
        Storage(S3Settings(buckets)).fetch(location, tmp_path / "x", nothing)


def test_no_link_in_a_folder_is_a_way_out(buckets: Path, tmp_path: Path) -> None:
    storage = Storage(S3Settings(buckets))
    (buckets / "shop/in/deep/near.json").symlink_to(buckets / "other/c.json")
    assert storage.fetch("s3://shop/in/", tmp_path / "x", nothing).is_dir()
    (buckets / "shop/in/deep/far.json").symlink_to(tmp_path / "secret")
    with pytest.raises(StorageError, match=r"deep/far\.json leads out of the folder"):
        storage.fetch("s3://shop/in/", tmp_path / "x", nothing)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="can't be written to") as caught:
        Storage().deliver({"a": tmp_path / "file"}, str(tmp_path / "file"), "1")
    assert caught.value.hint


def test_objects_of_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server")
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        host, port = running.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        client.create_bucket(Bucket="shop")
        for key in ("in/a.json", "in/deep/b.json", "in/.hidden", "inner.json"):
            client.put_object(Bucket="shop", Key=key, Body=key.encode())
        storage = Storage(S3Settings(endpoint=endpoint, region="us-east-1"))
        one = storage.fetch("s3://shop/in/a.json", tmp_path / "one", nothing)
        assert one.read_text() == "in/a.json"
        all_of_them = storage.fetch("s3://shop/in", tmp_path / "all", nothing)
        found = {path.relative_to(all_of_them).as_posix() for path in all_of_them.rglob("*") if path.is_file()}
        assert found == {"a.json", "deep/b.json"}
        storage.deliver({"deep/x.out": one}, "s3://shop/out/", "1")
        assert client.get_object(Bucket="shop", Key="out/deep/x.out")["Body"].read() == b"in/a.json"
        with pytest.raises(StorageError, match="There is nothing at s3://shop/none"):
            storage.fetch("s3://shop/none", tmp_path / "none", nothing)
        with pytest.raises(StorageError, match="s3://absent/x can't be reached"):
            storage.fetch("s3://absent/x", tmp_path / "absent", nothing)
    finally:
        running.stop()


def test_an_import_fails_in_the_words_of_its_request(buckets: Path, tmp_path: Path) -> None:
    """Where the folder is that stands for S3 is nothing for a server's clients."""
    with Engine(tmp_path / "engine", s3=S3Settings(buckets)) as engine:
        service = InProcess(engine)
        arn = dataset(service, group(service), schema(service))
        engine.start_worker(scheduled=False)
        for number, location in enumerate(("s3://shop/none.csv", "s3://empty/", "s3://shop/in/a.json")):
            (buckets / "empty").mkdir(exist_ok=True)
            params = {"jobName": f"j{number}", "datasetArn": arn, "dataSource": {"dataLocation": location}}
            made = service.call("create_dataset_import_job", **params)
            found = settled(service, "describe_dataset_import_job", "datasetImportJob", **made)
            assert found["status"] == "CREATE FAILED"
            assert str(tmp_path) not in found["failureReason"]
            assert number == 2 or location in found["failureReason"]
