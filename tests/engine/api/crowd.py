"""A small world with everything that serves, for a crowd of clients (`tests.engine.api.acts`)."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from pzdecl.engine import Engine
from pzdecl.engine.jobs import schedule
from tests.contract.clients import RECIPE, InProcess, dataset, group, schema, solution
from tests.contract.test_actions import ACTED, ACTIONS
from tests.engine.events.conftest import INTERACTIONS, ITEMS, USERS
from tests.waiting import idle

DAY = 86_400
ROLE = "arn:aws:iam::000000000000:role/personalize"
SMALL = {"algorithmHyperParameters": {"hidden_dimension": "32"}}
SOLUTIONS = {
    "popular": ("aws-popularity-count", {}),
    "up": ("aws-user-personalization", SMALL),
    "ranks": ("aws-personalized-ranking", SMALL),
    "sims": ("aws-sims", {}),
    "trends": ("aws-trending-now", {}),
    "next": ("aws-next-best-action", {}),
}
FILTERS = {
    "fixed": 'EXCLUDE ItemID WHERE Items.GENRES IN ("odd")',
    "asked": "INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.PRICE < $P",
    "seen": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    "old": 'INCLUDE ItemID WHERE Items.PRICE > 3 | EXCLUDE ItemID WHERE Items.GENRES IN ("odd") '
    "IF CurrentUser.AGE > 30",
    "beside": "INCLUDE ItemID WHERE Items.GENRES IN (CurrentItem.GENRES)",
    "actions": 'INCLUDE ActionID WHERE Actions.TYPE IN ("fun") | EXCLUDE ActionID WHERE '
    'Action_Interactions.EVENT_TYPE IN ("TAKEN")',
}
VALUES = {"asked": {"G": '"even","odd"', "P": "20"}}
RECOMMENDERS = {
    "viewed": "aws-ecomm-popular-items-by-views",
    "together": "aws-ecomm-frequently-bought-together",
}
COMMERCE = {
    **INTERACTIONS,
    "fields": [one for one in INTERACTIONS["fields"] if one["name"] not in ("DEVICE", "NUM_RATINGS")],
}
USER_COUNT, ITEM_COUNT = 60, 30


class World:
    """An engine whose clock is `now`; its worker runs. `seed` decides what is in the files."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.now = time.time()
        self.engine = Engine(folder / "engine", clock=lambda: self.now)
        self.engine.start_worker(scheduled=False)
        self.service = InProcess(self.engine)
        draw = random.Random(seed)
        self.group = group(self.service)
        kinds = {
            "Interactions": INTERACTIONS,
            "Items": ITEMS,
            "Users": USERS,
            "Actions": ACTIONS,
            "Action_Interactions": ACTED,
        }
        self.datasets = {
            kind: dataset(self.service, self.group, schema(self.service, kind, fields), kind)
            for kind, fields in kinds.items()
        }
        self.files = {kind: [self._file(kind, n, draw) for n in range(3)] for kind in kinds}
        self.shop = group(self.service, "shop", domain="ECOMMERCE")
        made = schema(self.service, "shop", COMMERCE, domain="ECOMMERCE")
        self.shopping = dataset(self.service, self.shop, made, name="shopping")
        self.files["shop"] = [self._file("shop", n, draw) for n in range(3)]
        for kind, arn in {**self.datasets, "shop": self.shopping}.items():
            self.load(f"first-{kind}", arn, self.files[kind][0])
        self.trackers = [
            self.call("create_event_tracker", name=f"t-{arn.rpartition('/')[2]}", datasetGroupArn=arn)[
                "trackingId"
            ]
            for arn in (self.group, self.shop)
        ]
        described = self.call("describe_dataset", datasetArn=self.datasets["Action_Interactions"])
        self.acts_id = described["dataset"]["trackingId"]
        self.drain()
        self.versions: dict[str, list[str]] = {}
        for name, (recipe, config) in SOLUTIONS.items():
            more: dict[str, Any] = {"solutionConfig": config} if config else {}
            made = solution(self.service, self.group, name, recipe, performAutoTraining=False, **more)
            self.versions[name] = [
                self.call("create_solution_version", solutionArn=made)["solutionVersionArn"]
                for _ in range(2 if name in ("popular", "up") else 1)
            ]
        for name, recipe in RECOMMENDERS.items():
            self.call("create_recommender", name=name, datasetGroupArn=self.shop, recipeArn=RECIPE + recipe)
        self.drain()
        for name, versions in self.versions.items():
            self.call("create_campaign", name=name, solutionVersionArn=versions[0])
        self.drain()
        for name in FILTERS:
            self.make_filter(name)

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.service.call(operation, **params)

    def arn(self, tail: str) -> str:
        return self.engine.arn(tail)

    def load(self, name: str, arn: str, path: Path, **more: Any) -> None:
        """Begins an import."""
        source = {"dataLocation": str(path)}
        self.call("create_dataset_import_job", jobName=name, datasetArn=arn, dataSource=source, **more)

    def make_filter(self, name: str) -> None:
        self.call("create_filter", name=name, datasetGroupArn=self.group, filterExpression=FILTERS[name])

    def tick(self) -> None:
        """Three hours go by, and what is due is begun."""
        self.now += 3 * 3600
        schedule.tick(self.engine._context)

    def troubles(self) -> list[str]:
        """What the engine itself holds to be wrong, of jobs and of what they were for."""
        with self.engine._context.store.read() as reader:
            traces = reader.query("SELECT kind, error FROM jobs WHERE error IS NOT NULL")
            reasons = reader.query(
                "SELECT arn, json_extract(body, '$.failureReason') FROM resources "
                "WHERE json_extract(body, '$.failureReason') IS NOT NULL"
            )
        return [f"{kind}: {trace}" for kind, trace in traces] + [f"{arn}: {reason}" for arn, reason in reasons]

    def drain(self) -> None:
        """Waits until no job is left."""
        idle(self.engine, 1200)

    def _file(self, kind: str, number: int, draw: random.Random) -> Path:
        users, items = range(USER_COUNT), range(ITEM_COUNT + 2 * number)
        at = int(self.now) - 40 * DAY
        lines = {
            "Interactions": lambda: (
                ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE,NUM_RATINGS"]
                + [
                    f"u{n % USER_COUNT},i{min(draw.choice(items), draw.choice(items))},{at + 60 * n},"
                    f"{draw.choice(('watch', 'Click'))},,tv,"
                    for n in range(1200)
                ]
            ),
            "Items": lambda: (
                ["ITEM_ID,GENRES,PRICE,IN_STOCK,CREATION_TIMESTAMP"]
                + [f"i{n},{('even', 'odd')[n % 2]},{n}.5,true,{at + n * DAY}" for n in items]
            ),
            "Users": lambda: ["USER_ID,AGE"] + [f"u{n},{draw.randrange(80)}" for n in users],
            "Actions": lambda: (
                ["ACTION_ID,VALUE,TYPE,EXPIRATION_TIMESTAMP,REPEAT_FREQUENCY,PRICE"]
                + [f"a{n},{n},{('fun', 'money')[n % 2]},,{n % 3},1.5" for n in range(5 + number)]
            ),
            "Action_Interactions": lambda: (
                ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP,NUMBER_OF_ACTIONS"]
                + [
                    f"u{n % USER_COUNT},a{n // USER_COUNT % 5},{draw.choice(('Taken', 'Not_taken', 'Viewed'))},"
                    f"{at + 3600 * (n // USER_COUNT)},1"
                    for n in range(1200)
                ]
            ),
            "shop": lambda: (
                ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"]
                + [
                    f"u{n % USER_COUNT},i{draw.choice(items)},{at + n},{('View', 'Purchase')[n % 2]},"
                    for n in range(2600)
                ]
            ),
        }
        path = self.folder / f"{kind}.{number}.csv"
        path.write_text("\n".join(lines[kind]()) + "\n", encoding="utf-8")
        return path
