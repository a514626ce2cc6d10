"""`pzdecl serve` as users start it: what it refuses and prints, how it ends, and the aws command against it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.cli.conftest import Cli
from tests.contract.clients import INTERACTIONS, REST, write_interactions
from tests.waiting import PATIENCE, until

BIN = Path(sys.executable).parent
KEYS = "[shop]\naws_access_key_id = SHOP\naws_secret_access_key = a-secret-of-the-shop\n"


@contextmanager
def serving(*options: object, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process of its own, and its URL; killed where a test leaves it running."""
    set_here = ("PZDECL_", "AWS_", "PYTHONUNBUFFERED")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(set_here)}
    process = subprocess.Popen(
        [BIN / "pzdecl", "serve", "--port", "0", *map(str, options)],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise AssertionError(process.communicate()[1])
        yield process, url
    finally:
        process.kill()
        process.communicate()


def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status and standard error once the process has been told to end."""
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err


def _takes_connections(address: tuple[str | None, int | None]) -> bool:
    try:
        socket.create_connection(address, timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def test_it_serves_the_projects_engine_until_sigterm(starter: Path) -> None:
    with serving(cwd=starter) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        with urlopen(f"{url}/healthz", timeout=PATIENCE) as answer:
            assert json.load(answer) == {"status": "ok"}
        address = (urlsplit(url).hostname, urlsplit(url).port)
        body, went_on = b'{"name": "movies"}', b"HTTP/1.1 100 Continue\r\n\r\n"
        with socket.create_connection(address, timeout=PATIENCE) as client:
            client.sendall(
                b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonPersonalize.CreateDatasetGroup\r\n"
                b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(body)
            )
            assert client.recv(len(went_on), socket.MSG_WAITALL) == went_on
            process.send_signal(signal.SIGTERM)  # while the request is on its way
            until(lambda: not _takes_connections(address), why="it goes on taking connections")
            client.sendall(body)
            answered = client.recv(65536)
        assert answered.startswith(b"HTTP/1.1 200 OK")
        code, err = _ended(process)
    assert code == 0
    assert f"AWS_ENDPOINT_URL={url}" in err
    assert " POST / CreateDatasetGroup 200 - " in err
    assert "stopped" in err.splitlines()[-1]
    assert (starter / ".pzdecl" / "engine" / "engine.db").exists()


def test_ctrl_c_ends_it_as_well(tmp_path: Path) -> None:
    with serving("--engine", "engine", "--access-log", "off", "--no-worker", cwd=tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        code, err = _ended(process)
    assert code == 0
    assert "Traceback" not in err


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_addresses_need_keys(cli: Cli, tmp_path: Path, host: str) -> None:
    answer = cli("serve", "--engine", tmp_path / "engine", "--host", host)
    assert answer.code == 64
    assert "can be reached from other machines" in answer.err
    assert "--credentials" in answer.err


def test_with_keys_it_listens_anywhere(tmp_path: Path) -> None:
    boto3 = pytest.importorskip("boto3")
    from botocore.exceptions import ClientError

    keys = tmp_path / "keys"
    keys.write_text(KEYS)
    keys.chmod(0o600)
    with serving("--engine", "engine", "--host", "0.0.0.0", "--credentials", keys, cwd=tmp_path) as (
        process,
        url,
    ):
        options = {
            "endpoint_url": url.replace("0.0.0.0", "127.0.0.1"),
            "region_name": "local",
            "aws_access_key_id": "SHOP",
        }
        client = boto3.client("personalize", aws_secret_access_key="a-secret-of-the-shop", **options)
        assert client.list_dataset_groups()["datasetGroups"] == []
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            boto3.client("personalize", aws_secret_access_key="x" * 20, **options).list_dataset_groups()
        process.terminate()
        code, err = _ended(process)
    assert code == 0
    assert "not encrypted" in err
    assert " shop POST / ListDatasetGroups 200 " in err


def test_quotas_are_in_force_where_they_are_asked_for(tmp_path: Path) -> None:
    boto3 = pytest.importorskip("boto3")
    from botocore.exceptions import ClientError

    with serving("--engine", "engine", "--quotas", "aws", "--no-worker", cwd=tmp_path) as (process, url):
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "local"}
        client = boto3.client("personalize", endpoint_url=url, **keys)
        for number in range(5):
            client.create_dataset_group(name=f"g{number}")
        with pytest.raises(ClientError, match=r"LimitExceededException.*More than 5 resources in ACTIVE state"):
            client.create_dataset_group(name="more")
        process.terminate()
        _ended(process)


def test_a_folder_stands_in_for_s3(tmp_path: Path) -> None:
    boto3 = pytest.importorskip("boto3")
    (tmp_path / "s3" / "movies").mkdir(parents=True)
    write_interactions(tmp_path / "s3" / "movies" / "data.csv")
    with serving("--engine", "engine", "--s3-root", "s3", cwd=tmp_path) as (_, url):
        client = boto3.client(
            "personalize", endpoint_url=url, region_name="x", aws_access_key_id="x", aws_secret_access_key="x"
        )
        schema = client.create_schema(name="s", schema=json.dumps(INTERACTIONS))["schemaArn"]
        group = client.create_dataset_group(name="g")["datasetGroupArn"]
        dataset = client.create_dataset(
            name="d", datasetType="Interactions", schemaArn=schema, datasetGroupArn=group
        )["datasetArn"]
        job = client.create_dataset_import_job(
            jobName="j", datasetArn=dataset, dataSource={"dataLocation": "s3://movies/data.csv"}
        )["datasetImportJobArn"]
        found = until(
            lambda: client.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"],
            lambda found: found["status"] in REST,
        )
        assert found["status"] == "ACTIVE", found
        with pytest.raises(client.exceptions.InvalidInputException, match="--data-root"):
            client.create_dataset_import_job(
                jobName="k", datasetArn=dataset, dataSource={"dataLocation": "s3/movies/data.csv"}
            )


def test_what_it_refuses_to_start_with(cli: Cli, tmp_path: Path) -> None:
    engine = ("--engine", tmp_path / "engine")
    keys = tmp_path / "keys"
    keys.write_text(KEYS)
    keys.chmod(0o644)
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cases: Sequence[tuple[tuple[object, ...], int, str]] = [
            ((*engine, "--credentials", keys), 1, "chmod 600"),
            ((*engine, "--credentials", tmp_path / "none"), 1, "No such file"),
            ((*engine, "--data-root", tmp_path / "none"), 1, "is not a folder"),
            ((*engine, "--s3-root", keys), 1, "--s3-root"),
            ((*engine, "--s3-root", other, "--s3-endpoint", "http://localhost:1"), 64, "both given"),
            ((*engine, "--tls-cert", keys), 64, "belong together"),
            ((*engine, "--tls-cert", keys, "--tls-key", keys), 1, "can't be used for TLS"),
            ((*engine, "--host", "no.such.host.invalid"), 1, "is not known"),
            ((*engine, "--port", taken.getsockname()[1]), 1, "can't be listened on"),
            ((*engine, "--port", 70000), 64, "less than or equal to 65535"),
            (("--engine", other), 1, "is not an engine's folder"),
        ]
        for options, code, told in cases:
            answer = cli("serve", *options)
            assert (answer.code, answer.out) == (code, ""), answer
            assert told in answer.err


def test_an_environment_on_aws_has_no_engine_to_serve(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "pzdecl.yaml").write_text("name: shop\nprovider: {type: aws, region: eu-west-1}\n")
    answer = cli("-C", tmp_path, "serve")
    assert answer.code == 64
    assert "--engine DIR" in answer.err


Aws = Callable[..., Any]


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    """Runs the aws command against a server that may read `tmp_path`; a refusal comes as its text."""
    if not (BIN / "aws").exists():
        pytest.skip("needs the aws command: pip install awscli")

    with serving("--engine", "engine", "--data-root", tmp_path, cwd=tmp_path) as (_, url):

        def call(service: str, operation: str, **options: object) -> Any:
            flags = [
                part
                for name, value in options.items()
                for part in (
                    f"--{name.replace('_', '-')}",
                    value if isinstance(value, str) else json.dumps(value),
                )
            ]
            done = subprocess.run(
                [BIN / "aws", service, operation, *flags, "--endpoint-url", url, "--output", "json"],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(tmp_path),
                    "AWS_DEFAULT_REGION": "eu-west-1",
                    "AWS_ACCESS_KEY_ID": "any",
                    "AWS_SECRET_ACCESS_KEY": "any",
                },
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                return done.stderr
            return json.loads(done.stdout) if done.stdout else None

        yield call


def test_the_aws_command(aws: Aws) -> None:
    made = aws("personalize", "create-dataset-group", name="movies")
    assert made == {"datasetGroupArn": "arn:aws:personalize:local:000000000000:dataset-group/movies"}
    refused = aws("personalize", "create-dataset-group", name="movies")
    assert "(ResourceAlreadyExistsException)" in refused
