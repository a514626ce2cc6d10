"""GetRecommendations of a loaded HRNN campaign: over HTTP beside in process, and of a catalogue of a million.

Over HTTP the client is light (`tests.bench.wire`), so that the server is measured; what boto3 adds on its own
side is told beside it. The networks are untrained: what they compute takes as long with any weights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from pzdecl.engine import Engine
from pzdecl.engine.api.families import CAMPAIGN, SOLUTION_VERSION
from pzdecl.engine.api.models import model_folder
from pzdecl.engine.store.rows import Resource
from tests import datasets
from tests.bench.batch import write_untrained
from tests.bench.loaded import write_random
from tests.bench.report import Report
from tests.bench.wire import closed_loop, request
from tests.contract.clients import INTERACTIONS, RECIPE

CALLS = 2_000
CLIENTS = 16
TURNS = 5
"""What is compared is measured by turns, since the machine's speed drifts."""
ABOVE = 3.0
"""Milliseconds of the median over HTTP above the call in process."""
TAIL, TAIL_OF_MANY = 20.0, 100.0
"""Milliseconds of the slowest in a hundred, with one client and with all."""
ONE, MANY = 300.0, 500.0
"""Requests a second with one client and with all."""
BOTO3 = 10.0
"""Milliseconds that boto3 may add on the client's side; that is no doing of the server's."""
ITEMS, HIDDEN, PASSES, LARGE_CALLS = 1_000_000, 128, 1.5, 31

Ask = Callable[[str], object]
NAME = "GetRecommendations over HTTP"


def bench(report: Report, scratch: Path) -> None:
    _over_http(report, scratch / "serving")
    _large(report, scratch / "large")


def _over_http(report: Report, folder: Path) -> None:
    data = datasets.BASE / "ml-1m"
    if not (data / "interactions.csv.gz").is_file():
        report.skip(NAME, "set PZDECL_DATA to a folder that holds ml-1m/")
        return
    campaign, users = deployed(folder, lambda model: write_untrained(data, model))
    with Engine(folder) as engine, served(folder) as address:
        requests = [request("/recommendations", {"campaignArn": campaign, "userId": user}) for user in users]
        in_process = _in_process(engine, campaign)
        with_boto3 = _boto3(address, campaign)
        for ask in (in_process, with_boto3):
            _timed(ask, users[:100])
        closed_loop(address, requests[:200], CLIENTS)
        inside: list[float] = []
        outside: list[float] = []
        beside: list[float] = []
        alone = together = 0.0
        many: list[float] = []
        share = CALLS // TURNS
        for turn in range(TURNS):
            inside += _timed(in_process, _some(users, turn * share, share))
            spent, times = closed_loop(address, _some(requests, turn * share, share), 1)
            alone, outside = alone + spent, outside + times
            spent, times = closed_loop(address, _some(requests, turn * share, share), CLIENTS)
            together, many = together + spent, many + times
            beside += _timed(with_boto3, _some(users, turn * share, share // 10))
    inside_ms, outside_ms, beside_ms = (median(times) * 1e3 for times in (inside, outside, beside))
    basis = f"{outside_ms:.2f} ms, in process {inside_ms:.2f} ms; {CALLS:,} calls"
    report.add(f"{NAME}: p50 above in process, ms", outside_ms - inside_ms, ABOVE, basis)
    report.add(f"{NAME}: p99, ms", _slow(outside), TAIL, "1 client")
    report.add(f"{NAME}: p99, ms", _slow(many), TAIL_OF_MANY, f"{CLIENTS} clients")
    report.add(f"{NAME}: requests/s", CALLS / alone, ONE, "1 client", at_least=True)
    report.add(f"{NAME}: requests/s", CALLS / together, MANY, f"{CLIENTS} clients", at_least=True)
    report.add(f"{NAME}: boto3's own p50, ms", beside_ms - outside_ms, BOTO3, f"boto3 {beside_ms:.2f} ms")


def _large(report: Report, folder: Path) -> None:
    """Beside one pass of NumPy over the item matrix in float32: its sum, which reads every number once."""
    campaign, users = deployed(
        folder, lambda model: write_random(model, users=1_000, items=ITEMS, hidden=HIDDEN)
    )
    with Engine(folder) as engine:
        ask = _in_process(engine, campaign)
        version = engine.call("describe_campaign", {"campaignArn": campaign})["campaign"]["solutionVersionArn"]
        tensors = engine._context.models.get(version).answers.tensors
        matrix, vector = tensors["items"], tensors["expected"][0]
        passes: list[float] = []
        products: list[float] = []
        asked: list[float] = []
        for tensor in tensors.values():
            tensor.max()  # the campaign is loaded: nothing is waited for that is on disk
        _timed(ask, users[:2])
        for user in users[2 : 2 + LARGE_CALLS]:
            began = time.perf_counter()
            matrix.sum()
            passes.append(time.perf_counter() - began)
            began = time.perf_counter()
            matrix @ vector
            products.append(time.perf_counter() - began)
            asked += _timed(ask, [user])
    asked_ms, pass_ms, product_ms = (median(times) * 1e3 for times in (asked, passes, products))
    basis = f"{asked_ms:.1f} ms, `items.sum()` {pass_ms:.1f} ms, `items @ vector` {product_ms:.1f} ms"
    report.add("GetRecommendations of 1,000,000 x 128: passes", asked_ms / pass_ms, PASSES, basis)


def deployed(folder: Path, write: Callable[[Path], object]) -> tuple[str, list[str]]:
    """An engine whose campaign serves a model that `write` made: the campaign's ARN, and the users it knows."""
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
            Resource(
                campaign,
                CAMPAIGN.type,
                "live",
                solution,
                {"solutionVersionArn": version, "minProvisionedTPS": 1},
                "ACTIVE",
            ),
        ]
        with engine._context.store.write() as tx:
            for row in rows:
                tx.insert(row, {})
        model = model_folder(engine.folder, version)
        model.parent.mkdir(parents=True, exist_ok=True)
        write(model)
        users = [str(user) for user in engine._context.models.get(version).user_ids]
    return campaign, users


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
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


def _in_process(engine: Engine, campaign: str) -> Ask:
    return lambda user: engine.call("get_recommendations", {"campaignArn": campaign, "userId": user})


def _boto3(address: tuple[str, int], campaign: str) -> Ask:
    import boto3

    client = boto3.client(
        "personalize-runtime",
        endpoint_url="http://{}:{}".format(*address),
        region_name="eu-west-1",
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
    )
    return lambda user: client.get_recommendations(campaignArn=campaign, userId=user)


def _timed(ask: Ask, users: Sequence[str]) -> list[float]:
    """Seconds of each call."""
    seconds = []
    for user in users:
        started = time.perf_counter()
        ask(user)
        seconds.append(time.perf_counter() - started)
    return seconds


def _slow(times: Sequence[float]) -> float:
    """Milliseconds that all but one in a hundred stay below."""
    return sorted(times)[int(len(times) * 0.99)] * 1e3


def _some(all: Sequence[Any], first: int, count: int) -> list[Any]:
    return [all[number % len(all)] for number in range(first, first + count)]
