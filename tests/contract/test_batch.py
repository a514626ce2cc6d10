"""Batch jobs, exports, deletions of users' data, metric attributions: made, run, refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import ROLE, Service, deployed, erased, settled, solution, trained
from tests.contract.test_filters import filter_, shop

__all__ = ["shop"]

Shop = tuple[Service, str]


def version(shop: Shop, recipe: str, **more: Any) -> str:
    service, group_arn = shop
    arn = solution(service, group_arn, recipe, recipe, **more)
    return str(trained(service, arn)["solutionVersionArn"])


def places(folder: Path, *lines: Any) -> dict[str, Any]:
    """An input of these lines and an output folder, as a request names them."""
    (folder / "in").mkdir(exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "in/asked.json").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return {
        "jobInput": {"s3DataSource": {"path": str(folder / "in/asked.json")}},
        "jobOutput": {"s3DataDestination": {"path": str(folder / "out/")}},
        "roleArn": ROLE,
    }


def infer(
    shop: Shop, version_arn: str, places: dict[str, Any], name: str = "job", **more: Any
) -> dict[str, Any]:
    params = {"jobName": name, "solutionVersionArn": version_arn, **places, **more}
    arn = shop[0].call("create_batch_inference_job", **params)["batchInferenceJobArn"]
    return settled(shop[0], "describe_batch_inference_job", "batchInferenceJob", batchInferenceJobArn=arn)


def answered(folder: Path) -> list[dict[str, Any]]:
    assert (folder / "out/_CHECK").exists()
    return [json.loads(line) for line in (folder / "out/asked.json.out").read_text().splitlines()]


def test_a_batch_inference_job_answers_every_line(shop: Shop, tmp_path: Path) -> None:
    service, _ = shop
    arn = version(shop, "aws-popularity-count")
    asked = [{"userId": f"u{n}"} for n in range(3)]
    where = places(tmp_path, *asked, {"user": "u1"}, "no json", "[1]", {"userId": "new"})
    found = infer(shop, arn, where, numResults=4)
    assert found["status"] == "ACTIVE", found
    times = [found.pop(key) for key in ("creationDateTime", "lastUpdatedDateTime")]
    assert all(times)
    assert found == {
        "jobName": "job",
        "batchInferenceJobArn": f"{service.arn_prefix}batch-inference-job/job",
        "solutionVersionArn": arn,
        "numResults": 4,
        "batchInferenceJobMode": "BATCH_INFERENCE",
        "status": "ACTIVE",
        **where,
    }
    lines = answered(tmp_path)
    assert [line["input"] for line in lines] == [*asked, {"user": "u1"}, "no json", "[1]", {"userId": "new"}]
    good = [line for line in lines if line["error"] is None]
    assert len(good) == 4
    assert all(len(line["output"]["recommendedItems"]) == 4 for line in good)
    assert all(line["output"] is None for line in lines if line["error"])
    wrong = [json.loads(line) for line in (tmp_path / "out/asked.json.errors").read_text().splitlines()]
    assert [one["line"] for one in wrong] == [4, 5, 6]
    assert "userId is missing" in wrong[0]["error"]
    assert "not valid JSON" in wrong[1]["error"]
    listed = service.call("list_batch_inference_jobs", solutionVersionArn=arn)["batchInferenceJobs"]
    assert [one["jobName"] for one in listed] == ["job"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "_CHECK",
        "asked.json.errors",
        "asked.json.out",
    ]


def test_batch_answers_are_the_campaigns(shop: Shop, tmp_path: Path) -> None:
    service, _ = shop
    arn = version(shop, "aws-sims")
    live = deployed(service, arn)["campaignArn"]
    found = infer(shop, arn, places(tmp_path, *({"itemId": f"i{n}"} for n in range(30))))
    assert found["status"] == "ACTIVE", found
    for line in answered(tmp_path):
        answer = service.call("get_recommendations", campaignArn=live, itemId=line["input"]["itemId"])
        items = [one["itemId"] for one in answer["itemList"]]
        assert line["output"] == {"recommendedItems": items}


def test_filters_and_their_values_by_line(shop: Shop, tmp_path: Path) -> None:
    service, group_arn = shop
    arn = version(shop, "aws-popularity-count")
    of_genre = filter_(service, group_arn, "INCLUDE ItemID WHERE Items.GENRE IN ($G)", "genre")
    unseen = filter_(service, group_arn, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', "unseen")
    lines = [{"userId": "u1", "filterValues": {"G": f'"{genre}"'}} for genre in ("Horror", "Comedy")]
    infer(shop, arn, places(tmp_path, *lines, {"userId": "u1"}), filterArn=of_genre)
    horror, comedy, without = answered(tmp_path)
    assert {int(one[1:]) % 3 for one in horror["output"]["recommendedItems"]} == {2}
    assert {int(one[1:]) % 3 for one in comedy["output"]["recommendedItems"]} == {0}
    assert "G" in without["error"]
    infer(shop, arn, places(tmp_path, {"userId": "u0"}, {"userId": "x"}), "second", filterArn=unseen)
    known, unknown = answered(tmp_path)
    assert not {"i0", "i5"} & set(known["output"]["recommendedItems"])
    assert len(unknown["output"]["recommendedItems"]) == 25
    assert service.call("delete_filter", filterArn=unseen) == {}


def test_a_job_without_any_answer_fails_and_says_why(shop: Shop, tmp_path: Path) -> None:
    arn = version(shop, "aws-popularity-count")
    found = infer(shop, arn, places(tmp_path, {"itemId": "i1"}, "{"))
    assert found["status"] == "CREATE FAILED"
    assert "asked.json, line 1: userId is missing" in found["failureReason"]
    assert "line 2: the line is not valid JSON" in found["failureReason"]
    (tmp_path / "in/asked.json").unlink()
    where = places(tmp_path) | {"jobInput": {"s3DataSource": {"path": str(tmp_path / "in/none.json")}}}
    found = infer(shop, arn, where, "second")
    assert "There is no file at" in found["failureReason"]
    assert not (tmp_path / "out").exists()


def test_what_a_batch_job_refuses(shop: Shop, tmp_path: Path) -> None:
    service, group_arn = shop
    arn = version(shop, "aws-popularity-count")
    where = places(tmp_path, {"userId": "u1"})
    users = filter_(service, group_arn, "INCLUDE UserID WHERE Users.AGE > 5", "users")
    beside = filter_(service, group_arn, "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", "beside")
    same: dict[str, Any] = {"jobOutput": {"s3DataDestination": where["jobInput"]["s3DataSource"]}}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"numResults": 501}, "numResults is 501"),
        ({"numResults": 0}, "numResults is 0"),
        (same, "The output path is the input path"),
        ({"filterArn": users}, "is about UserID"),
        ({"filterArn": beside}, "looks at CurrentItem"),
        ({"batchInferenceJobMode": "THEME_GENERATION"}, "themeGenerationConfig is required"),
        ({"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "1"}}}, "aws-user-person"),
        ({"jobOutput": {"s3DataDestination": {"path": "https://x/y"}}}, "Invalid Data location"),
    ]
    for more, words in wrong:
        params = {"jobName": "job", "solutionVersionArn": arn, **where, **more}
        code, message = service.refused("create_batch_inference_job", **params)
        assert code == "InvalidInputException"
        assert words in message
    code, message = service.refused("create_batch_segment_job", jobName="job", solutionVersionArn=arn, **where)
    assert (code, "finds no users" in message) == ("InvalidInputException", True)
    code, _ = service.refused(
        "create_batch_inference_job", jobName="job", solutionVersionArn=arn + "0", **where
    )
    assert code == "ResourceNotFoundException"


def test_a_solution_goes_with_its_batch_jobs(shop: Shop, tmp_path: Path) -> None:
    service, _ = shop
    arn = version(shop, "aws-popularity-count")
    job = infer(shop, arn, places(tmp_path, {"userId": "u1"}))["batchInferenceJobArn"]
    service.call("tag_resource", resourceArn=job, tags=[{"tagKey": "team", "tagValue": "x"}])
    service.call("delete_solution", solutionArn=arn.rpartition("/")[0])
    code, _ = service.refused("describe_batch_inference_job", batchInferenceJobArn=job)
    assert code == "ResourceNotFoundException"


def exported(service: Service, folder: Path, dataset: str, mode: str | None) -> list[dict[str, str]]:
    arn = service.call(
        "create_dataset_export_job",
        jobName=f"{folder.name}-{mode}",
        datasetArn=dataset,
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": str(folder / "exports")}},
        **({"ingestionMode": mode} if mode else {}),
    )["datasetExportJobArn"]
    found = settled(service, "describe_dataset_export_job", "datasetExportJob", datasetExportJobArn=arn)
    assert found["status"] == "ACTIVE", found
    assert found["ingestionMode"] == (mode or "PUT")
    with (folder / f"exports/{folder.name}-{mode}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, escapechar="\\", doublequote=False))


def test_exports_of_what_was_imported_and_put(shop: Shop, tmp_path: Path) -> None:
    service, group_arn = shop
    tracker = service.call("create_event_tracker", name="web", datasetGroupArn=group_arn)["trackingId"]
    event = {"eventType": "click", "itemId": "i7", "sentAt": 1_700_000_000}
    service.call("put_events", trackingId=tracker, userId="ann", sessionId="s", eventList=[event])
    of = {one["datasetType"]: one["datasetArn"] for one in service.call("list_datasets")["datasets"]}
    row = {"genre": "Horror", "price": 1.5, "title": 'A "quoted" \\ one'}
    items = [{"itemId": one, "properties": json.dumps(row)} for one in ("i0", "new")]
    service.call("put_items", datasetArn=of["ITEMS"], items=items)

    bulk = exported(service, tmp_path, of["INTERACTIONS"], "BULK")
    assert list(bulk[0]) == ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"]
    written = (tmp_path / "events.csv").read_text().splitlines()[1:]
    assert sorted(",".join(one.values()) for one in bulk) == sorted(set(written))
    put = exported(service, tmp_path, of["INTERACTIONS"], None)
    assert [one["USER_ID"] for one in put] == ["ann"]
    assert len(exported(service, tmp_path, of["INTERACTIONS"], "ALL")) == len(bulk) + 1

    every = {one["ITEM_ID"]: one for one in exported(service, tmp_path / "items", of["ITEMS"], "ALL")}
    assert len(every) == 31
    assert every["i0"] == {"ITEM_ID": "i0", "GENRE": "Horror", "PRICE": "1.5", "TITLE": 'A "quoted" \\ one'}
    assert every["i29"]["GENRE"] == ""


def test_users_data_leaves_all_datasets(shop: Shop, tmp_path: Path) -> None:
    service, group_arn = shop
    tracker = service.call("create_event_tracker", name="web", datasetGroupArn=group_arn)["trackingId"]
    for user in ("u1", "ann"):
        event = {"eventType": "click", "itemId": "i7", "sentAt": 1_700_000_000}
        service.call("put_events", trackingId=tracker, userId=user, sessionId=user, eventList=[event])
    of = {one["datasetType"]: one["datasetArn"] for one in service.call("list_datasets")["datasets"]}
    before = exported(service, tmp_path, of["INTERACTIONS"], "BULK")
    (tmp_path / "gone.csv").write_text("USER_ID\nu1\nu2\nnobody\n", encoding="utf-8")
    found = erased(service, group_arn, tmp_path / "gone.csv")
    assert found["status"] == "COMPLETED", found
    written = [line.split(",")[0] for line in (tmp_path / "events.csv").read_text().splitlines()]
    assert found["numDeleted"] == sum(user in {"u1", "u2"} for user in written) + 2 + 1
    left = exported(service, tmp_path, of["INTERACTIONS"], "ALL")
    assert {one["USER_ID"] for one in left} == {one["USER_ID"] for one in before} - {"u1", "u2"} | {"ann"}
    kept = [tuple(one.values()) for one in before if one["USER_ID"] not in {"u1", "u2"}]
    assert sorted(tuple(one.values()) for one in left if one["USER_ID"] != "ann") == sorted(kept)
    listed = service.call("list_data_deletion_jobs", datasetGroupArn=group_arn)["dataDeletionJobs"]
    assert [one["jobName"] for one in listed] == ["gone"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("USER\nu1\n", "the header is 'USER'; expected one column, USER_ID"),
        ("USER_ID\nu1,u2\n", "line 2: 2 values"),
        ("USER_ID\n", "There are no users"),
    ],
)
def test_a_wrong_file_of_users_deletes_nothing(shop: Shop, tmp_path: Path, text: str, words: str) -> None:
    service, group_arn = shop
    (tmp_path / "gone.csv").write_text(text, encoding="utf-8")
    found = erased(service, group_arn, tmp_path / "gone.csv")
    assert found["status"] == "FAILED"
    assert words in found["failureReason"]


METRICS = [
    {"metricName": "clicks", "eventType": "click", "expression": "SAMPLECOUNT()"},
    {"metricName": "worth", "eventType": "purchase", "expression": "SUM(Items.PRICE)"},
]


def test_a_metric_attribution_from_creation_to_deletion(shop: Shop) -> None:
    service, group_arn = shop
    output = {"roleArn": ROLE}
    params = {"name": "m", "datasetGroupArn": group_arn, "metrics": METRICS, "metricsOutputConfig": output}
    arn = service.call("create_metric_attribution", **params)["metricAttributionArn"]
    found = service.call("describe_metric_attribution", metricAttributionArn=arn)["metricAttribution"]
    assert (found["status"], found["metricsOutputConfig"]) == ("ACTIVE", output)
    assert service.call("list_metric_attributions")["metricAttributions"][0]["name"] == "m"
    code, message = service.refused("create_metric_attribution", **params | {"name": "n"})
    assert (code, "a group has one" in message) == ("ResourceAlreadyExistsException", True)

    first = service.call("list_metric_attribution_metrics", metricAttributionArn=arn, maxResults=1)
    assert first["metrics"] == METRICS[:1]
    rest = service.call(
        "list_metric_attribution_metrics", metricAttributionArn=arn, nextToken=first["nextToken"]
    )
    assert rest == {"metrics": METRICS[1:]}
    more = {"metricName": "buys", "eventType": "purchase", "expression": "samplecount()"}
    service.call(
        "update_metric_attribution", metricAttributionArn=arn, addMetrics=[more], removeMetrics=["clicks"]
    )
    found = service.call("list_metric_attribution_metrics", metricAttributionArn=arn)
    assert found["metrics"] == [METRICS[1], more]
    code, message = service.refused(
        "update_metric_attribution", metricAttributionArn=arn, removeMetrics=["buy"]
    )
    assert (code, "did you mean buys?" in message) == ("InvalidInputException", True)
    code, _ = service.refused("delete_dataset_group", datasetGroupArn=group_arn)
    assert code == "ResourceInUseException"
    service.call("delete_metric_attribution", metricAttributionArn=arn)
    code, _ = service.refused("describe_metric_attribution", metricAttributionArn=arn)
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("SUM(Items.GENRE)", "Items has no column of numbers GENRE; expected one of PRICE"),
        ("SUM(Users.AGE)", "expected SUM(Items.COLUMN), SUM(Interactions.COLUMN) or SAMPLECOUNT()"),
        ("MEAN(Items.PRICE)", "expected SUM(Items.COLUMN)"),
    ],
)
def test_expressions_of_metrics_are_checked(shop: Shop, expression: str, words: str) -> None:
    metric = {"metricName": "m", "eventType": "click", "expression": expression}
    code, message = shop[0].refused(
        "create_metric_attribution",
        name="m",
        datasetGroupArn=shop[1],
        metrics=[metric],
        metricsOutputConfig={"roleArn": ROLE},
    )
    assert code == "InvalidInputException"
    assert words in message


@pytest.mark.slow
def test_segments_of_users_and_the_filter_on_them(shop: Shop, tmp_path: Path) -> None:
    service, group_arn = shop
    small = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "32"}}}
    arn = version(shop, "aws-item-affinity", **small)
    old = filter_(service, group_arn, "INCLUDE UserID WHERE Users.AGE >= $AGE", "old")
    lines = [{"itemId": "i1", "filterValues": {"AGE": "50"}}, {"itemId": "none", "filterValues": {"AGE": "1"}}]
    params = {"jobName": "segments", "solutionVersionArn": arn, "numResults": 5, "filterArn": old}
    made = service.call("create_batch_segment_job", **params, **places(tmp_path, *lines))["batchSegmentJobArn"]
    found = settled(service, "describe_batch_segment_job", "batchSegmentJob", batchSegmentJobArn=made)
    assert found["status"] == "ACTIVE", found
    known, unknown = answered(tmp_path)
    assert len(known["output"]["usersList"]) == 5
    assert all(int(user[1:]) >= 50 for user in known["output"]["usersList"])
    assert "was not there when the version was trained" in unknown["error"]
    listed = service.call("list_batch_segment_jobs", solutionVersionArn=arn)["batchSegmentJobs"]
    assert [one["jobName"] for one in listed] == ["segments"]


def test_rankings_by_line(shop: Shop, tmp_path: Path) -> None:
    small = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "32"}}}
    arn = version(shop, "aws-personalized-ranking", **small)
    lines = [{"userId": "u1", "itemList": ["i1", "none", "i2"]}, {"userId": "u1", "itemList": []}]
    found = infer(shop, arn, places(tmp_path, *lines))
    assert found["status"] == "ACTIVE", found
    ranked, empty = answered(tmp_path)
    assert sorted(ranked["output"]["recommendedItems"]) == ["i1", "i2", "none"]
    assert ranked["output"]["recommendedItems"][-1] == "none"
    assert ranked["output"]["scores"][-1] == 0.0
    assert "itemList is missing" in empty["error"]
