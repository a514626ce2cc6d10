"""A server in a thread of the tests, and what speaks to it: boto3, and requests written by hand."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pzdecl.engine import Engine
from pzdecl.engine.api.model import service_model
from pzdecl.engine.http.access import AccessLog
from pzdecl.engine.http.app import application
from pzdecl.engine.http.gateway import Gateway
from pzdecl.engine.http.locations import DataRoots
from pzdecl.engine.http.routing import Route, routes
from pzdecl.engine.http.server import Server
from tests.waiting import PATIENCE

ROUTES: Mapping[str, Route] = {route.name: route for route in routes()}
BY_METHOD: Mapping[str, Route] = {route.method: route for route in routes()}


@dataclass
class Running:
    """A server that takes connections. `log` is what it wrote."""

    url: str
    gateway: Gateway
    log: io.StringIO
    server: Server

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0


@contextlib.contextmanager
def running(
    engine: Engine,
    *,
    roots: tuple[Path, ...] = (),
    tls: tuple[Path, Path] | None = None,
    public_metrics: bool = False,
    **more: Any,
) -> Iterator[Running]:
    """Serves an engine on a free port until the block ends."""
    log = io.StringIO()
    gateway = Gateway(engine, roots=DataRoots(roots), log=AccessLog("json", log), **more)
    app = application(gateway, public_metrics=public_metrics)
    server = Server(app, host="127.0.0.1", port=0, tls=tls)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield Running(server.url, gateway, log, server)
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's name, from where the protocol has it."""
        return self.headers.get("x-amzn-errortype") or str(self.json.get("__type"))

    @property
    def message(self) -> str:
        return str(self.json["message"])


class Wire:
    """Requests over one connection that is kept alive, with nothing checked before they are sent."""

    def __init__(self, server: Running) -> None:
        self.address = server.address
        self._connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        try:
            self._connection.request(method, path, body, dict(headers or {}))
            response = self._connection.getresponse()
            content = response.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def call(self, route: Route, params: Any) -> Answer:
        return self.raw(route, json.dumps(params).encode())

    def raw(self, route: Route, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json"}
        if not route.is_rest:
            headers = {
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"AmazonPersonalize.{route.name}",
            }
        return self.send("POST", route.path, body, headers)

    def close(self) -> None:
        self._connection.close()


def mismatches(value: Any, shape_name: str, service: str, path: str = "") -> list[str]:
    """Where a response body is not what its shape says: unknown members, types, lengths, enums."""
    shape = service_model(service)["shapes"][shape_name]
    kind = shape["type"]
    where = f"{path or 'body'}: "
    if kind == "structure":
        if not isinstance(value, dict):
            return [where + "no structure"]
        found = [where + f"unknown member {key}" for key in value if key not in shape["members"]]
        found += [where + f"{key} is missing" for key in shape.get("required", ()) if key not in value]
        inner = {key: value[key] for key in shape["members"] if key in value}
        for key, one in inner.items():
            found += mismatches(one, shape["members"][key]["shape"], service, f"{path}.{key}".lstrip("."))
        return found
    if kind in {"list", "map"}:
        if not isinstance(value, list if kind == "list" else dict):
            return [where + f"no {kind}"]
        pairs = enumerate(value) if kind == "list" else value.items()
        target = shape["member" if kind == "list" else "value"]["shape"]
        return [told for key, one in pairs for told in mismatches(one, target, service, f"{path}[{key}]")]
    return _scalar_mismatches(value, shape, where)


def _scalar_mismatches(value: Any, shape: Mapping[str, Any], where: str) -> list[str]:
    kind = shape["type"]
    types: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "long": (int,),
        "boolean": (bool,),
    }
    if not isinstance(value, types.get(kind, (int, float))) or (isinstance(value, bool) and kind != "boolean"):
        return [where + f"{value!r} is no {kind}"]
    if "enum" in shape and value not in shape["enum"]:
        return [where + f"{value!r} is none of {shape['enum']}"]
    if kind == "string" and len(value) > shape.get("max", len(value)):
        return [where + f"{value!r} is too long"]
    return []
