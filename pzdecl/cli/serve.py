"""`pzdecl serve`: the engine behind Amazon Personalize's API, for boto3, the aws command and others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pzdecl.cli.session import session, tell, write
from pzdecl.errors import InvalidProject, MissingExtra, PzdeclError, UsageError

if TYPE_CHECKING:
    from pzdecl.engine.api.quotas import Name as QuotasName
    from pzdecl.engine.data.storage import S3Settings
    from pzdecl.engine.http.server import Server
    from pzdecl.engine.http.signature import Verifier

PORT = 8080
NO_QUOTAS: Literal["none"] = "none"


def command(
    *,
    engine: Annotated[
        Path | None,
        typer.Option("--engine", metavar="DIR", help="The engine's folder; the project's unless given."),
    ] = None,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDR", help="Where to listen. All but loopback need --credentials."),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one; the URL is printed."),
    ] = PORT,
    data_root: Annotated[
        list[Path] | None,
        typer.Option(
            "--data-root",
            metavar="DIR",
            help="Lets clients name files below this folder as data. May be given again.",
        ),
    ] = None,
    s3_root: Annotated[
        Path | None,
        typer.Option(
            "--s3-root", metavar="DIR", help="Takes s3://BUCKET/KEY from the file BUCKET/KEY in this folder."
        ),
    ] = None,
    s3_endpoint: Annotated[
        str | None,
        typer.Option("--s3-endpoint", metavar="URL", help="Takes s3:// from what answers S3's API there."),
    ] = None,
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials",
            metavar="FILE",
            help="Keys that requests must be signed with, in the format of AWS's shared credentials file.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option("--tls-cert", metavar="FILE", help="The certificate chain, PEM: serves HTTPS."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's private key, PEM.")
    ] = None,
    max_body: Annotated[
        int, typer.Option("--max-body", metavar="BYTES", min=1024, help="The largest request.")
    ] = 1024 * 1024,
    rate_limit: Annotated[
        float | None,
        typer.Option(
            "--rate-limit",
            metavar="N",
            min=0.1,
            help="Requests a second of each client; no limit unless given.",
        ),
    ] = None,
    threads: Annotated[
        int,
        typer.Option(
            "--threads",
            min=1,
            max=1024,
            help="Requests that are performed at once; of recommendations one a processor, or two.",
        ),
    ] = 32,
    quotas: Annotated[
        Literal["none", "aws"] | None,
        typer.Option(
            "--quotas",
            help="aws refuses what is beyond Amazon Personalize's quotas; the project's unless given.",
        ),
    ] = None,
    access_log: Annotated[
        Literal["text", "json", "off"],
        typer.Option("--access-log", help="A line for each request on standard error: text, json, off."),
    ] = "text",
    public_metrics: Annotated[
        bool,
        typer.Option("--public-metrics", help="Lets everybody read /metrics, not only this machine."),
    ] = False,
    no_worker: Annotated[
        bool,
        typer.Option("--no-worker", help="Leaves imports and trainings to another process."),
    ] = False,
) -> None:
    """Serves Amazon Personalize's API from the built-in engine.

    boto3 and the aws command use it when their endpoint is the printed URL. SIGTERM and Ctrl-C let requests in
    progress end; trainings go on from their checkpoints when something works on the engine again.
    """
    folder, own = _project_engine() if engine is None else (engine, NO_QUOTAS)
    roots = _folders("--data-root", data_root or [])
    s3 = _s3(s3_root, s3_endpoint)
    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert and --tls-key belong together", hint="give both, or neither")
    verifier = _verifier(host, credentials)

    try:
        from pzdecl.engine.http.access import AccessLog
        from pzdecl.engine.http.app import application
        from pzdecl.engine.http.gateway import Gateway
        from pzdecl.engine.http.server import Server
    except ImportError as error:
        raise MissingExtra(error.name or "starlette", "serve") from error
    from pzdecl.engine.engine import Engine
    from pzdecl.engine.http.locations import DataRoots
    from pzdecl.engine.rates import RateLimit

    with Engine(folder, s3=s3, quotas=quotas or own) as opened:
        gateway = Gateway(
            opened,
            roots=DataRoots(roots),
            log=AccessLog(access_log),
            verifier=verifier,
            rate=RateLimit(rate_limit) if rate_limit else None,
            max_body=max_body,
            threads=threads,
        )
        app = application(gateway, public_metrics=public_metrics)
        tls = (tls_cert, tls_key) if tls_cert and tls_key else None
        server = Server(app, host=host, port=port, tls=tls)
        if not no_worker:
            opened.start_worker()
        server.run(lambda: _announce(server, folder, signed=verifier is not None, encrypted=tls is not None))
    tell("stopped; what was queued or running goes on when something works on this engine again")


def _announce(server: Server, folder: Path, *, signed: bool, encrypted: bool) -> None:
    write(f"{server.url}\n")
    sys.stdout.flush()  # whoever started the server waits for this line
    tell(f"serving the engine in {folder}; requests must {'be signed' if signed else 'come from this machine'}")
    if signed and not encrypted:
        tell("warning: requests are signed but not encrypted; --tls-cert and --tls-key serve HTTPS")
    if not session().automated:
        tell(f"clients find it by AWS_ENDPOINT_URL={server.url}")


def _project_engine() -> tuple[Path, QuotasName]:
    """The folder of the project's engine, and the quotas that are in force there."""
    try:
        provider = session().load().declared.provider
    except InvalidProject as error:
        if any(one.code == "PZ0001" for one in error.diagnostics):
            raise UsageError(
                "there is no project here, and no engine is named",
                hint="name an engine's folder with --engine DIR, or a project with -C DIR",
            ) from None
        raise
    if provider.engine is None:
        raise UsageError(
            "this environment's target is Amazon Personalize: there is no engine to serve",
            hint="choose another environment with -e, or name an engine's folder with --engine DIR",
        )
    return Path(provider.engine), provider.quotas


def _folders(option: str, folders: list[Path]) -> list[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise PzdeclError(f"{option} {folder} is not a folder", hint="name a folder that exists")
    return folders


def _s3(root: Path | None, endpoint: str | None) -> S3Settings | None:
    from pzdecl.engine.data.storage import S3Settings

    if root is None and endpoint is None:
        return None
    if root is not None and endpoint is not None:
        raise UsageError("--s3-root and --s3-endpoint are both given", hint="give the one that holds the data")
    if root is not None:
        return S3Settings(root=_folders("--s3-root", [root])[0].absolute())
    return S3Settings(endpoint=endpoint)


def _verifier(host: str, credentials: Path | None) -> Verifier | None:
    from pzdecl.engine.http.credentials import KeyFile
    from pzdecl.engine.http.network import is_loopback, listen_addresses
    from pzdecl.engine.http.signature import Verifier

    if credentials is not None:
        return Verifier(KeyFile(credentials, tell))
    if not all(is_loopback(address) for address in listen_addresses(host)):
        raise UsageError(
            f"--host {host} can be reached from other machines, and no keys are asked for",
            hint="give --credentials FILE, the keys that requests must be signed with; or use 127.0.0.1",
        )
    return None
