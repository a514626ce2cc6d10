"""Amazon Personalize as a provider, through boto3: AWS itself, or any endpoint that answers its API."""

from __future__ import annotations

import re
import threading
from typing import Any

from pzdecl.engine.errors import BY_CODE, InvalidInputException, ServiceError, UnavailableException
from pzdecl.engine.progress import Progress
from pzdecl.errors import MissingExtra
from pzdecl.providers.client import ROLE_ASKED, check_reads

ATTEMPTS = 8
"""Tries of one request, with growing pauses in between, when the service throttles or can't be reached."""
TIMEOUT = 60
RUNTIME_OPERATIONS = ("get_recommendations", "get_personalized_ranking", "get_action_recommendations")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


class AwsClient:
    """A `Client` over boto3. The clients of boto3 are made on their first use and shared by all threads.

    Errors come as `pzdecl.engine.errors.ServiceError`: the API's own by their names, and UnavailableException
    for all that keeps a request from being answered: credentials, permission, network, throttling.
    """

    def __init__(self, session: Any, *, region: str, endpoint: str | None, role: str | None) -> None:
        self._session = session
        self._region = region
        self._endpoint = endpoint
        self._role = role
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._account: str | None = None

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs a describe, list or get operation. Raises ServiceError; ValueError for a writing operation."""
        check_reads(operation)
        return self.call(operation, **params)

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs any operation. Raises ServiceError."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        if operation == "create_dataset_import_job":
            params = self._import_params(params)
        elif self._role and operation in ROLE_ASKED:
            params = {"roleArn": self._role, **params}
        elif self._role and "metricsOutputConfig" in params:
            output = {"roleArn": self._role, **params["metricsOutputConfig"]}
            params = {**params, "metricsOutputConfig": output}
        try:
            method = getattr(self._client(_service(operation)), operation, None)
            if method is None:
                raise InvalidInputException(
                    f"Amazon Personalize has no operation {operation}", operation=operation
                )
            result: dict[str, Any] = method(**params)
        except ClientError as error:
            raise _translated(error) from error
        except ParamValidationError as error:
            raise InvalidInputException(str(error), operation=operation) from error
        except BotoCoreError as error:
            raise UnavailableException(str(error), operation=operation) from error
        result.pop("ResponseMetadata", None)
        return result

    def arn(self, tail: str) -> str:
        """The ARN of something in this account and region. Asks STS once; raises ServiceError."""
        return f"arn:{self._partition()}:personalize:{self._region}:{self._account_id()}:{tail}"

    def progress(self, arn: str) -> Progress | None:  # noqa: ARG002 - the seam's signature
        """None: the service tells a status and nothing more."""
        return None

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _import_params(self, params: dict[str, Any]) -> dict[str, Any]:
        """Refuses data on this machine, and adds the role that reads the bucket."""
        location = (params.get("dataSource") or {}).get("dataLocation", "")
        if not _SCHEME.match(location) or location.lower().startswith("file:"):
            raise InvalidInputException(
                f"dataSource.dataLocation is {location!r}, a path on this machine; Amazon Personalize reads "
                "from Amazon S3, and pzdecl does not upload files: expected s3://BUCKET/KEY",
                operation="CreateDatasetImportJob",
            )
        if self._role and "roleArn" not in params:
            return {**params, "roleArn": self._role}
        return params

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                config = Config(
                    retries={"mode": "adaptive", "max_attempts": ATTEMPTS},
                    connect_timeout=TIMEOUT,
                    read_timeout=TIMEOUT,
                    max_pool_connections=32,
                )
                self._clients[service] = self._session.client(
                    service, region_name=self._region, endpoint_url=self._endpoint, config=config
                )
            return self._clients[service]

    def _partition(self) -> str:
        found: str = self._session.get_partition_for_region(self._region) if not self._endpoint else "aws"
        return found

    def _account_id(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        if self._account is None:
            try:
                self._account = str(
                    self._session.client("sts", region_name=self._region).get_caller_identity()["Account"]
                )
            except ClientError as error:
                raise _translated(error) from error
            except BotoCoreError as error:
                raise UnavailableException(
                    f"AWS did not tell which account this is: {error}", operation="GetCallerIdentity"
                ) from error
        return self._account


def open_aws(
    *,
    region: str | None = None,
    profile: str | None = None,
    endpoint: str | None = None,
    role: str | None = None,
) -> AwsClient:
    """A client for a region and a named profile, each as boto3 finds it unless given.

    endpoint  the URL of something else that answers the API
    role      the IAM role that import jobs read Amazon S3 with, where a request names none

    Raises MissingExtra without boto3, UnavailableException for an unknown profile or where no region is known.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise MissingExtra("boto3", "aws") from error
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise UnavailableException(str(error)) from error
    if session.region_name is None:
        raise UnavailableException(
            "no AWS region is known: set provider.region in pzdecl.yaml, or the environment variable AWS_REGION"
        )
    return AwsClient(session, region=session.region_name, endpoint=endpoint, role=role)


def _service(operation: str) -> str:
    if operation.startswith("put_"):
        return "personalize-events"
    return "personalize-runtime" if operation in RUNTIME_OPERATIONS else "personalize"


def _translated(error: Any) -> ServiceError:
    """botocore's ClientError in the terms of the engine's errors."""
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "Unknown")), str(told.get("Message", error))
    known = BY_CODE.get(code)
    if known is not None:
        return known(message, operation=error.operation_name)
    return UnavailableException(f"{code}: {message}", operation=error.operation_name)
