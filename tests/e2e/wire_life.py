"""The whole life of a recommender over HTTP, whoever asks: boto3, or the aws command. Data is in Amazon S3."""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.contract.clients import RECIPE, settled, statuses
from tests.engine.events.conftest import avro
from tests.engine.events.conftest import field as column
from tests.engine.http.running import BY_METHOD
from tests.waiting import until

ROLE = "arn:aws:iam::000000000000:role/personalize"
LONG = 300.0
NOW = 1_700_000_000
CIRCLE = 12
INTERACTIONS = avro(
    "Interactions",
    column("USER_ID", "string"),
    column("ITEM_ID", "string"),
    column("TIMESTAMP", "long"),
    column("EVENT_TYPE", "string"),
)
ITEMS = avro("Items", column("ITEM_ID", "string"), column("GENRE", "null", "string", categorical=True))
SMALL = {"algorithmHyperParameters": {"hidden_dimension": "32"}}


class RefusedError(Exception):
    """A request was refused; the text holds the error's name."""


class Caller(Protocol):
    """A client of the API, by boto3's names of operations. Raises RefusedError."""

    def __call__(self, operation: str, /, **params: Any) -> dict[str, Any]: ...


@dataclass
class Boto:
    """boto3."""

    url: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def __call__(self, operation: str, /, **params: Any) -> dict[str, Any]:
        import boto3
        from botocore.exceptions import ClientError

        service = BY_METHOD[operation].service
        if service not in self._clients:
            self._clients[service] = boto3.client(service, endpoint_url=self.url)
        try:
            result: dict[str, Any] = getattr(self._clients[service], operation)(**params)
        except ClientError as error:
            raise RefusedError(str(error)) from error
        return result


@dataclass
class Command:
    """The aws command, a process for each request."""

    url: str
    program: Path

    def __call__(self, operation: str, /, **params: Any) -> dict[str, Any]:
        service = BY_METHOD[operation].service
        done = subprocess.run(
            [
                self.program,
                *(service, operation.replace("_", "-"), "--cli-input-json", json.dumps(params)),
                *("--endpoint-url", self.url, "--output", "json"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RefusedError(done.stderr)
        result: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
        return result


@dataclass
class Life:
    """Makes everything, uses it, and takes it down again. `bucket` is what S3 holds: put and get."""

    call: Caller
    bucket: Any
    name: str
    pause: float = 0.02
    arns: dict[str, str] = field(default_factory=dict)

    def settled(self, operation: str, key: str, **arn: str) -> dict[str, Any]:
        found = settled(self, operation, key, LONG, pause=self.pause, **arn)
        assert statuses(found) == {"ACTIVE"}, found
        return found

    def refused(self, code: str, operation: str, **params: Any) -> None:
        with pytest.raises(RefusedError) as caught:
            self.call(operation, **params)
        assert f"({code})" in str(caught.value)

    def put(self, key: str, text: str) -> str:
        self.bucket.put_object(Bucket=self.name, Key=key, Body=text.encode())
        return f"s3://{self.name}/{key}"

    def get(self, key: str) -> str:
        text: bytes = self.bucket.get_object(Bucket=self.name, Key=key)["Body"].read()
        return text.decode()

    def load(self) -> None:
        """Schemas, a group, datasets, imports of objects and of what is below a prefix."""
        call, arns = self.call, self.arns
        arns["group"] = call("create_dataset_group", name="movies")["datasetGroupArn"]
        self.refused("ResourceAlreadyExistsException", "create_dataset_group", name="movies")
        self.settled("describe_dataset_group", "datasetGroup", datasetGroupArn=arns["group"])
        for kind, fields in (("Interactions", INTERACTIONS), ("Items", ITEMS)):
            arns[f"{kind} schema"] = call("create_schema", name=kind, schema=json.dumps(fields))["schemaArn"]
            arns[kind] = call(
                "create_dataset",
                name=kind,
                datasetType=kind,
                datasetGroupArn=arns["group"],
                schemaArn=arns[f"{kind} schema"],
            )["datasetArn"]
        self.put("in/a.csv", events(0, 20))
        self.put("in/b.csv", events(20, 40))
        rows = "".join(f"i{item},{'even' if item % 2 == 0 else 'odd'}\n" for item in range(CIRCLE))
        items = self.put("items.csv", f"ITEM_ID,GENRE\n{rows}")
        for kind, location in (("Interactions", f"s3://{self.name}/in/"), ("Items", items)):
            job = call(
                "create_dataset_import_job",
                jobName=f"load-{kind}",
                datasetArn=arns[kind],
                dataSource={"dataLocation": location},
                roleArn=ROLE,
            )
            self.settled("describe_dataset_import_job", "datasetImportJob", **only(job))

    def train(self, name: str, recipe: str, **more: Any) -> str:
        """A trained version of a solution, which is made when it is not there yet."""
        if name not in self.arns:
            params = {"name": name, "datasetGroupArn": self.arns["group"], "recipeArn": RECIPE + recipe, **more}
            self.arns[name] = self.call("create_solution", **params)["solutionArn"]
        made = self.call("create_solution_version", solutionArn=self.arns[name])
        self.settled("describe_solution_version", "solutionVersion", **only(made))
        return str(made["solutionVersionArn"])

    def deploy(self, name: str, version: str) -> str:
        made = self.call("create_campaign", name=name, solutionVersionArn=version, minProvisionedTPS=1)
        self.settled("describe_campaign", "campaign", **only(made))
        return str(made["campaignArn"])

    def serve(self) -> None:
        """Solutions, metrics, campaigns, recommendations and rankings."""
        self.arns["version"] = self.train("popular", "aws-popularity-count")
        metrics = self.call("get_solution_metrics", solutionVersionArn=self.arns["version"])["metrics"]
        assert 0 < metrics["coverage"] <= 1
        self.arns["campaign"] = self.deploy("popular", self.arns["version"])
        self.arns["ranks campaign"] = self.deploy(
            "ranks", self.train("ranks", "aws-personalized-ranking", solutionConfig=SMALL)
        )
        assert len(self.best(numResults=5)) == 5
        ranked = self.ranking()
        assert sorted(ranked) == sorted(f"i{item}" for item in range(CIRCLE))
        assert 0.99 < sum(ranked.values()) < 1.01

    def best(self, **more: Any) -> list[str]:
        """The best items for a user."""
        found = self.call("get_recommendations", campaignArn=self.arns["campaign"], userId="new", **more)
        return [one["itemId"] for one in found["itemList"]]

    def ranking(self) -> dict[str, float]:
        """All items with their scores, in the order that a user would like."""
        found = self.call(
            "get_personalized_ranking",
            campaignArn=self.arns["ranks campaign"],
            userId="new",
            inputList=[f"i{item}" for item in range(CIRCLE)],
        )
        return {one["itemId"]: one["score"] for one in found["personalizedRanking"]}

    def watch(self) -> None:
        """A tracker and a filter: the answer after an event is another one."""
        tracker = self.call("create_event_tracker", name="web", datasetGroupArn=self.arns["group"])
        self.arns["tracker"] = tracker["eventTrackerArn"]
        self.settled("describe_event_tracker", "eventTracker", eventTrackerArn=self.arns["tracker"])
        seen = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
        for name, expression in (("seen", seen), ("genre", "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)")):
            self.arns[name] = self.call(
                "create_filter", name=name, datasetGroupArn=self.arns["group"], filterExpression=expression
            )["filterArn"]
            self.settled("describe_filter", "filter", filterArn=self.arns[name])
        before, ranked = self.best(filterArn=self.arns["seen"]), self.ranking()
        self.call(
            "put_events",
            trackingId=tracker["trackingId"],
            userId="new",
            sessionId="s",
            eventList=[{"eventType": "watch", "itemId": before[0], "sentAt": NOW, "eventId": "e1"}],
        )
        assert self.best(filterArn=self.arns["seen"]) == before[1:]
        assert self.ranking() != ranked
        odd = self.best(filterArn=self.arns["genre"], filterValues={"GENRE": '"odd"'})
        assert odd
        assert all(int(item[1:]) % 2 for item in odd)

    def write(self) -> None:
        """A batch job and an export, into S3."""
        asked = self.put("ask/users.json", '{"userId": "u1"}\n{"userId": "u2"}\n')
        made = self.call(
            "create_batch_inference_job",
            jobName="nightly",
            solutionVersionArn=self.arns["version"],
            numResults=3,
            roleArn=ROLE,
            jobInput={"s3DataSource": {"path": asked}},
            jobOutput={"s3DataDestination": {"path": f"s3://{self.name}/answers/"}},
        )
        self.settled("describe_batch_inference_job", "batchInferenceJob", **only(made))
        lines = [json.loads(line) for line in self.get("answers/users.json.out").splitlines()]
        assert [line["input"]["userId"] for line in lines] == ["u1", "u2"]
        assert all(len(line["output"]["recommendedItems"]) == 3 for line in lines)
        made = self.call(
            "create_dataset_export_job",
            jobName="copy",
            datasetArn=self.arns["Interactions"],
            ingestionMode="ALL",
            roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": f"s3://{self.name}/copy/"}},
        )
        self.settled("describe_dataset_export_job", "datasetExportJob", **only(made))
        listed = self.bucket.list_objects_v2(Bucket=self.name, Prefix="copy/")["Contents"]
        text = "".join(self.get(one["Key"]) for one in listed if one["Key"].endswith(".csv"))
        assert text.count("watch") == len(events(0, 40).splitlines()) - 1 + 1  # the header, and the event

    def update(self) -> None:
        """Another version, and the campaign moves to it."""
        version = self.train("popular", "aws-popularity-count")
        assert version != self.arns["version"]
        self.call(
            "update_campaign",
            campaignArn=self.arns["campaign"],
            solutionVersionArn=version,
            minProvisionedTPS=2,
        )
        found = self.settled("describe_campaign", "campaign", campaignArn=self.arns["campaign"])
        assert (found["solutionVersionArn"], found["minProvisionedTPS"]) == (version, 2)
        assert len(self.best(numResults=4)) == 4

    def leave_in_the_wrong_order(self) -> None:
        """What something else needs can't go, and nothing has changed after that."""
        in_use = "ResourceInUseException"
        self.refused(in_use, "delete_solution", solutionArn=self.arns["popular"])
        self.refused(in_use, "delete_dataset_group", datasetGroupArn=self.arns["group"])
        self.refused(in_use, "delete_schema", schemaArn=self.arns["Items schema"])
        self.refused(
            "ResourceNotFoundException", "delete_campaign", campaignArn=f"{self.arns['campaign']}-of-nobody"
        )
        self.refused("InvalidInputException", "delete_campaign", campaignArn="popular")
        assert len(self.best(numResults=4)) == 4

    def leave(self) -> None:
        """All of it goes, in order."""
        order = [
            *(("delete_campaign", "campaignArn", name) for name in ("campaign", "ranks campaign")),
            *(("delete_solution", "solutionArn", name) for name in ("popular", "ranks")),
            *(("delete_filter", "filterArn", name) for name in ("seen", "genre")),
            ("delete_event_tracker", "eventTrackerArn", "tracker"),
            *(("delete_dataset", "datasetArn", name) for name in ("Interactions", "Items")),
            *(("delete_schema", "schemaArn", f"{name} schema") for name in ("Interactions", "Items")),
            ("delete_dataset_group", "datasetGroupArn", "group"),
        ]
        for operation, key, name in order:
            arn = self.arns[name]
            self.call(operation, **{key: arn})
            described = operation.replace("delete_", "describe_")
            until(partial(self._gone, described, {key: arn}), why=arn, seconds=LONG, pause=self.pause)
        assert self.call("list_dataset_groups")["datasetGroups"] == []

    def _gone(self, operation: str, params: dict[str, str]) -> bool:
        try:
            self.call(operation, **params)
        except RefusedError as error:
            if "(ResourceNotFoundException)" not in str(error):
                raise
            return True
        return False


def only(answer: dict[str, Any]) -> dict[str, str]:
    """The ARN that an answer holds, by its key."""
    return {key: value for key, value in answer.items() if key.endswith("Arn")}


def events(first: int, last: int) -> str:
    """Users who go round a circle of items, each some way."""
    draw = random.Random(first)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(first, last):
        start = draw.randrange(CIRCLE)
        for step in range(28 + user % 5):
            item = (start + step) % CIRCLE if draw.random() < 0.9 else draw.randrange(3)
            lines.append(f"u{user},i{item},{NOW - 100_000 + step * 60 + user},watch")
    return "\n".join(lines) + "\n"


def live(life: Life) -> None:
    """From nothing to a recommender in use, and back."""
    life.load()
    life.serve()
    life.watch()
    life.write()
    life.update()
    life.leave_in_the_wrong_order()
    life.leave()
