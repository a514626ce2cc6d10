"""GetRecommendations over HTTP beside the same call in process: a campaign of aws-hrnn on ML-1M.

The server is `pzdecl serve`, a process of its own with its access log on. Clients keep their connections and do
next to nothing with an answer, since they share the machine with the server. The network is untrained: what it
computes takes as long with any weights.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from pzdecl.engine import Engine
from pzdecl.engine.api.families import CAMPAIGN, SOLUTION_VERSION
from pzdecl.engine.api.models import model_folder
from pzdecl.engine.store.rows import Resource
from tests import datasets
from tests.bench.batch import write_untrained
from tests.bench.report import Report
from tests.contract.clients import INTERACTIONS, RECIPE

CALLS = 2_000
CLIENTS = 16
TURNS = 5
"""In process and over HTTP are measured by turns, since the machine's speed drifts."""
ABOVE, TAIL = 3.0, 50.0
"""Milliseconds: of the median above the call in process, and of the slowest in a hundred."""
ONE, MANY = 150.0, 200.0
"""Requests a second with one client and with all."""

Ask = Callable[[str], None]


def bench(report: Report, scratch: Path) -> None:
    data = datasets.BASE / "ml-1m"
    name = "GetRecommendations over HTTP: p50 above in process, ms"
    if not (data / "interactions.csv.gz").is_file():
        report.skip(name, "set PZDECL_DATA to a folder that holds ml-1m/")
        return
    folder = scratch / "serving"
    campaign, users = _deployed(folder, data)
    with Engine(folder) as engine, _served(folder) as address:

        def in_process(user: str) -> None:
            engine.call("get_recommendations", {"campaignArn": campaign, "userId": user})

        over_http = _client(address, campaign)
        for ask in (in_process, over_http):
            _timed(ask, users[:200])
        inside: list[float] = []
        outside: list[float] = []
        share = CALLS // TURNS
        for turn in range(TURNS):
            asked = _some(users, turn * share, share)
            inside += _timed(in_process, asked)
            outside += _timed(over_http, asked)
        alone = len(outside) / sum(outside)
        together = _rate(address, campaign, users)
    inside_ms, outside_ms = median(inside) * 1e3, median(outside) * 1e3
    slow = sorted(outside)[int(len(outside) * 0.99)] * 1e3
    basis = f"{outside_ms:.2f} ms, in process {inside_ms:.2f} ms; {CALLS:,} calls"
    report.add(name, outside_ms - inside_ms, ABOVE, basis)
    report.add("GetRecommendations over HTTP: p99, ms", slow, TAIL, "1 client")
    report.add("GetRecommendations over HTTP: requests/s", alone, ONE, "1 client", at_least=True)
    report.add("GetRecommendations over HTTP: requests/s", together, MANY, f"{CLIENTS} clients", at_least=True)


def _deployed(folder: Path, data: Path) -> tuple[str, list[str]]:
    """An engine whose campaign serves an untrained network: the campaign's ARN, and the users it knows."""
    with Engine(folder) as engine:
        group = engine.call("create_dataset_group", {"name": "ml"})["datasetGroupArn"]
        schema = engine.call("create_schema", {"name": "ml", "schema": json.dumps(INTERACTIONS)})["schemaArn"]
        asked = {"name": "ml", "datasetType": "Interactions", "schemaArn": schema, "datasetGroupArn": group}
        engine.call("create_dataset", asked)
        asked = {"name": "hrnn", "recipeArn": f"{RECIPE}aws-hrnn", "datasetGroupArn": group}
        solution = engine.call("create_solution", asked)["solutionArn"]
        version, campaign = f"{solution}/00000000", engine.arn("campaign/live")
        rows = [
            Resource(
                version,
                SOLUTION_VERSION.type,
                "hrnn/00000000",
                solution,
                {"recipeArn": f"{RECIPE}aws-hrnn", "datasetGroupArn": group, "solutionArn": solution},
                "ACTIVE",
            ),
            Resource(campaign, CAMPAIGN.type, "live", solution, {"solutionVersionArn": version}, "ACTIVE"),
        ]
        with engine._context.store.write() as tx:
            for row in rows:
                tx.insert(row, {})
        model = model_folder(engine.folder, version)
        model.parent.mkdir(parents=True, exist_ok=True)
        write_untrained(data, model)
        users = [str(user) for user in engine._context.models.get(version).user_ids]
    return campaign, users


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, int]]:
    """The server's address, until the block ends."""
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pzdecl", "serve", "--engine", folder, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("PZDECL_")},
        )
    try:
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().strip())
        if not (url.hostname and url.port):
            raise RuntimeError((folder / "serve.log").read_text())
        yield url.hostname, url.port
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def _client(address: tuple[str, int], campaign: str) -> Ask:
    connection = http.client.HTTPConnection(*address)

    def ask(user: str) -> None:
        body = json.dumps({"campaignArn": campaign, "userId": user})
        connection.request("POST", "/recommendations", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(answer.decode())

    return ask


def _timed(ask: Ask, users: Sequence[str]) -> list[float]:
    """Seconds of each call."""
    seconds = []
    for user in users:
        started = time.perf_counter()
        ask(user)
        seconds.append(time.perf_counter() - started)
    return seconds


def _rate(address: tuple[str, int], campaign: str, users: Sequence[str]) -> float:
    """Requests a second of all clients together."""
    share = CALLS // CLIENTS

    def client(number: int) -> None:
        _timed(_client(address, campaign), _some(users, number * share, share))

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    return share * CLIENTS / (time.perf_counter() - started)


def _some(users: Sequence[str], first: int, count: int) -> list[str]:
    return [users[number % len(users)] for number in range(first, first + count)]
