"""The engine behind its server, seen by real boto3 clients."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.errors import BY_CODE
from tests.engine.http.running import BY_METHOD, Running, Wire, mismatches


class Served:
    """Calls go through boto3, and every answer is held against the output shape of its operation.

    What boto3 would not send, because it finds the violation itself, is sent without boto3: the refusal that
    counts is the server's.
    """

    def __init__(self, engine: Engine, server: Running) -> None:
        self.arn_prefix = engine.arn("")
        self._server = server

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        client = _client(BY_METHOD[operation].service, self._server.url)
        result: dict[str, Any] = getattr(client, operation)(**params)
        del result["ResponseMetadata"]
        return result

    def refused(self, operation: str, **params: Any) -> tuple[str, str]:
        from botocore.exceptions import ClientError, ParamValidationError

        try:
            with pytest.raises(ClientError) as caught:
                self.call(operation, **params)
        except ParamValidationError:
            return self._refused_unchecked(operation, params)
        error = caught.value.response["Error"]
        assert error["Code"] in BY_CODE
        return error["Code"], error["Message"]

    def _refused_unchecked(self, operation: str, params: dict[str, Any]) -> tuple[str, str]:
        wire = Wire(self._server)
        answer = wire.call(BY_METHOD[operation], params)
        wire.close()
        assert answer.status == 400
        return answer.error, answer.message


@cache
def _client(service: str, url: str) -> Any:
    """boto3's client. Making one takes longer than most tests, and it holds nothing of them."""
    boto3 = pytest.importorskip("boto3")
    client = boto3.client(
        service, endpoint_url=url, region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any"
    )
    client.meta.events.register("before-parse.*.*", _check)
    return client


def _check(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] == 200:
        route = next(route for route in BY_METHOD.values() if route.name == operation_model.name)
        body = json.loads(response_dict["body"])
        if route.output is None:
            assert body == {}
        else:
            assert mismatches(body, route.output, route.service) == []
