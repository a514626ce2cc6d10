"""What a filter adds to GetRecommendations over 100,000 items, once its data are ready.

The campaign's recipe is aws-popularity-count, which itself does next to nothing: the filter is measured.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.report import Report

ITEMS = 100_000
USERS = 2_000
SEEN = 400
TIMES = 200
LIMIT = 2.0
GENRES = [f"genre {n}" for n in range(30)]
EXPRESSIONS = {
    "one category": ('EXCLUDE ItemID WHERE Items.GENRES IN ("genre 3")', {}),
    "four conditions": (
        "INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.PRICE < $P AND Items.YEAR >= 1990 OR Items.GENRES "
        'NOT IN ("genre 1", "genre 2")',
        {"G": ",".join(f'"{genre}"' for genre in GENRES[:10]), "P": "50"},
    ),
    "what the user had": ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {}),
    "two datasets and the user": (
        'INCLUDE ItemID WHERE Items.YEAR > 1990 | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view") | '
        'EXCLUDE ItemID WHERE Items.GENRES IN ("genre 5") IF CurrentUser.AGE < 40',
        {},
    ),
}


def bench(report: Report, scratch: Path) -> None:
    from pzdecl.engine import Engine

    with Engine(scratch / "filters") as engine:
        engine.start_worker()
        campaign, group = _campaign(engine, scratch)
        runtime = engine.client("personalize-runtime")
        for name, (expression, values) in EXPRESSIONS.items():
            made = engine.client().create_filter(
                name=name.replace(" ", "-"), datasetGroupArn=group, filterExpression=expression
            )
            more: dict[str, Any] = {"filterArn": made["filterArn"], "filterValues": values}
            plain: list[float] = []
            filtered: list[float] = []
            for number in range(TIMES):
                user = f"u{number}"
                for times, params in ((plain, {}), (filtered, more)):
                    started = time.perf_counter()
                    answer = runtime.get_recommendations(campaignArn=campaign, userId=user, **params)
                    times.append(time.perf_counter() - started)
                    if len(answer["itemList"]) != 25:
                        raise RuntimeError(f"{name}: {len(answer['itemList'])} items")
            added = (median(filtered) - median(plain)) * 1e3
            basis = (
                f"{median(plain) * 1e3:.2f} ms without, {median(filtered) * 1e3:.2f} ms with, {ITEMS:,} items"
            )
            report.add(f"filter ({name}) adds, p50, ms", added, LIMIT, basis)


def _campaign(engine: Any, scratch: Path) -> tuple[str, str]:
    """A campaign that knows all items, and its dataset group."""
    from tests.contract.clients import (
        InProcess,
        avro,
        dataset,
        deployed,
        field,
        group,
        imported,
        schema,
        solution,
        trained,
    )
    from tests.contract.test_filters import EVENTS
    from tests.contract.test_filters import USERS as PEOPLE

    draw = random.Random(1)
    items = avro(
        "Items",
        field("ITEM_ID", "string"),
        field("GENRES", "string", categorical=True),
        field("PRICE", "float"),
        field("YEAR", "int"),
    )
    folder = scratch / "filters-data"
    folder.mkdir()
    rows = {
        "Items": ["ITEM_ID,GENRES,PRICE,YEAR"]
        + [
            f"i{n},{'|'.join(draw.sample(GENRES, 2))},{draw.uniform(1, 99):.2f},{draw.randrange(1950, 2020)}"
            for n in range(ITEMS)
        ],
        "Users": ["USER_ID,AGE"] + [f"u{n},{draw.randrange(80)}" for n in range(USERS)],
        "Interactions": ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
        + [f"u{n % USERS},i{n % ITEMS},{draw.choice(['view', 'buy'])},{n}" for n in range(USERS * SEEN)],
    }
    service = InProcess(engine)
    group_arn = group(service)
    for kind, fields in (("Items", items), ("Users", PEOPLE), ("Interactions", EVENTS)):
        path = folder / f"{kind}.csv"
        path.write_text("\n".join(rows[kind]) + "\n")
        arn = dataset(service, group_arn, schema(service, kind, fields), kind)
        imported(service, arn, path, kind)
    version = trained(service, solution(service, group_arn))
    return str(deployed(service, version["solutionVersionArn"])["campaignArn"]), group_arn
