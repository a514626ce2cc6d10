"""Amazon Personalize as a provider, through boto3: AWS itself, or any endpoint that answers its API."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pzdecl.engine.data.location import local_path
from pzdecl.engine.errors import InvalidInputException, UnavailableException
from pzdecl.engine.progress import Progress
from pzdecl.providers.client import ROLE_ASKED, check_reads
from pzdecl.providers.session import here, open_session, settings
from pzdecl.providers.staging import Stager, Staging
from pzdecl.providers.troubles import check_answer, once, translating

RUNTIME_OPERATIONS = ("get_recommendations", "get_personalized_ranking", "get_action_recommendations")
ARNS = "x-pzdecl-arns"
"""The header in which `pzdecl serve` says what its ARNs begin with (`pzdecl.engine.http.gateway`)."""
READ_FROM: Mapping[str, Sequence[str]] = {
    "create_batch_inference_job": ("jobInput", "s3DataSource", "path"),
    "create_batch_segment_job": ("jobInput", "s3DataSource", "path"),
    "create_data_deletion_job": ("dataSource", "dataLocation"),
    "create_dataset_import_job": ("dataSource", "dataLocation"),
}
"""Where requests name what is to be read."""
WRITTEN_TO: Mapping[str, Sequence[str]] = {
    "create_batch_inference_job": ("jobOutput", "s3DataDestination", "path"),
    "create_batch_segment_job": ("jobOutput", "s3DataDestination", "path"),
    "create_dataset_export_job": ("jobOutput", "s3DataDestination", "path"),
}
"""Where requests name what is to be written to."""
_REMOTE = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.\-]*://", re.IGNORECASE)


class AwsClient:
    """A `Client` over boto3. The clients of boto3 are made on their first use and shared by all threads.

    Files of this machine that a request names are staged, where there is a place for them. A server at an
    endpoint of its own may know paths: without a place for them they are sent as they are.

    Errors come as `pzdecl.engine.errors.ServiceError`: the API's own by their names, and UnavailableException
    for all that keeps a request from being answered: credentials, permission, network, throttling.
    """

    def __init__(
        self,
        session: Any,
        *,
        region: str,
        endpoint: str | None = None,
        role: str | None = None,
        staging: Staging | None = None,
    ) -> None:
        self._session = session
        self._region = region
        self._endpoint = endpoint
        self._role = role
        self._stager = Stager(staging, lambda: self._client("s3", staging.endpoint)) if staging else None
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._arns: str | None = None

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs a describe, list or get operation. Raises ServiceError; ValueError for a writing operation."""
        check_reads(operation)
        return self.call(operation, **params)

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs any operation. Raises ServiceError."""
        params = self._with_role(operation, self._located(operation, params))
        name = _api_name(operation)
        method = getattr(self._client(_service(operation), self._endpoint), operation, None)
        if method is None:
            raise InvalidInputException(f"Amazon Personalize has no operation {operation}", operation=operation)
        with translating(name):
            result: dict[str, Any] = method(**params)
        check_answer(name, result)
        result.pop("ResponseMetadata", None)
        return result

    def arn(self, tail: str) -> str:
        """The ARN of something in this account and region. Asks for them once; raises ServiceError."""
        if self._arns is None:
            self._arns = self._told_by_server() or self._told_by_sts()
        return f"{self._arns}{tail}"

    def progress(self, arn: str) -> Progress | None:  # noqa: ARG002 - the seam's signature
        """None: the service tells a status and nothing more."""
        return None

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _located(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The request with locations that the service can reach; what is on this machine only is staged."""
        source, target = READ_FROM.get(operation), WRITTEN_TO.get(operation)
        name = _api_name(operation)
        if source and (path := _here(params, source)) is not None:
            if self._stager is not None:
                params = _with(params, source, self._stager.stage(_path(path, name), name))
            elif self._endpoint is None:
                raise InvalidInputException(
                    f"{'.'.join(source)} is {path!r}, a path on this machine; Amazon Personalize reads from "
                    "Amazon S3: expected s3://BUCKET/KEY, or provider.staging in pzdecl.yaml, to where pzdecl "
                    "uploads files",
                    operation=name,
                )
        if target and self._endpoint is None and (path := _here(params, target)) is not None:
            raise InvalidInputException(
                f"{'.'.join(target)} is {path!r}, a path on this machine; Amazon Personalize writes to "
                "Amazon S3: expected s3://BUCKET/PREFIX/",
                operation=name,
            )
        return params

    def _with_role(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """The request with the role that reads and writes Amazon S3, where it names none itself."""
        if operation in ROLE_ASKED or operation == "create_dataset_import_job":
            if self._role:
                return {"roleArn": self._role, **params}
            if operation in ROLE_ASKED and "roleArn" not in params:
                raise InvalidInputException(
                    "roleArn is missing: the service reads and writes Amazon S3 by an IAM role; set "
                    "spec.roleArn, or provider.role in pzdecl.yaml for all of them",
                    operation=_api_name(operation),
                )
        elif self._role and "metricsOutputConfig" in params:
            output = {"roleArn": self._role, **params["metricsOutputConfig"]}
            return {**params, "metricsOutputConfig": output}
        return params

    def _client(self, service: str, endpoint: str | None = None) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._opened(service, endpoint)
            return self._clients[service]

    def _opened(self, service: str, endpoint: str | None) -> Any:
        """A new client. Raises UnavailableException for settings and credentials that can't be used."""
        try:
            with translating():
                signed = not here(endpoint) or self._session.get_credentials() is not None
                client = self._session.client(
                    service, region_name=self._region, endpoint_url=endpoint, config=settings(signed=signed)
                )
        except ValueError as error:
            raise UnavailableException(
                f"{error}: expected a URL such as https://HOST as endpoint", lasting=True, refused=True
            ) from error
        once(client)
        return client

    def _told_by_server(self) -> str | None:
        """What ARNs begin with, where a server of pzdecl answers; None where AWS does."""
        client = self._client("personalize", self._endpoint)
        if ".amazonaws.com" in client.meta.endpoint_url:
            return None
        with translating("ListDatasetGroups"):
            answer = client.list_dataset_groups(maxResults=1)
        check_answer("ListDatasetGroups", answer)
        told = answer["ResponseMetadata"].get("HTTPHeaders", {}).get(ARNS)
        return str(told) if told else None

    def _told_by_sts(self) -> str:
        from botocore.exceptions import UnknownRegionError

        with translating("GetCallerIdentity"):
            account = self._client("sts").get_caller_identity()["Account"]
        try:
            partition = self._session.get_partition_for_region(self._region)
        except UnknownRegionError:
            partition = "aws"
        return f"arn:{partition}:personalize:{self._region}:{account}:"


def open_aws(
    *,
    region: str | None = None,
    profile: str | None = None,
    endpoint: str | None = None,
    role: str | None = None,
    assume_role: str | None = None,
    external_id: str | None = None,
    staging: Staging | None = None,
) -> AwsClient:
    """A client for a region and a named profile, each as boto3 finds it unless given.

    endpoint     the URL of something else that answers the API
    role         the IAM role by which the service reads and writes Amazon S3, where a request names none
    assume_role  the IAM role that pzdecl itself acts as, with its external ID
    staging      where files of this machine are put for the service to read

    Raises MissingExtra without boto3, UnavailableException for an unknown profile or where no region is known.
    """
    session = open_session(
        region=region, profile=profile, endpoint=endpoint, assume_role=assume_role, external_id=external_id
    )
    return AwsClient(session, region=session.region_name, endpoint=endpoint, role=role, staging=staging)


def _service(operation: str) -> str:
    if operation.startswith("put_"):
        return "personalize-events"
    return "personalize-runtime" if operation in RUNTIME_OPERATIONS else "personalize"


def _api_name(operation: str) -> str:
    """`CreateDatasetImportJob` of `create_dataset_import_job`."""
    return "".join(part.capitalize() for part in operation.split("_"))


def _here(params: Mapping[str, Any], field: Sequence[str]) -> str | None:
    """The location at a field, where it is a path of this machine; None where it is anything else."""
    value: Any = params
    for part in field:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) and not _REMOTE.match(value) else None


def _path(location: str, operation: str) -> Path:
    try:
        return local_path(location)
    except ValueError as error:
        raise InvalidInputException(str(error), operation=operation) from error


def _with(params: dict[str, Any], field: Sequence[str], value: str) -> dict[str, Any]:
    """A copy of the request with another location."""
    first, *rest = field
    return {**params, first: _with(params[first], rest, value) if rest else value}
