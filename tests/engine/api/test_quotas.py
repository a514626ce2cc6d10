"""Quotas of an account of Amazon Personalize: each at its edge, and none where none is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api import quotas
from pzdecl.engine.api.throttle import Rates, Throttle
from pzdecl.engine.errors import InvalidInputException, LimitExceededException, ThrottlingException
from pzdecl.engine.store import store
from pzdecl.engine.store.rows import Part, Resource
from tests.contract.clients import (
    INTERACTIONS,
    ITEMS,
    InProcess,
    dataset,
    group,
    schema,
    settled,
    solution,
    write_interactions,
)

PENDING = "More than {} resources with PENDING or IN_PROGRESS status."
ROLE = "arn:aws:iam::000000000000:role/personalize"


@pytest.fixture(autouse=True)
def _without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """With AWS's quotas; nothing works on its jobs."""
    with Engine(tmp_path / "engine", quotas="aws") as found:
        yield found


@pytest.fixture
def service(engine: Engine) -> InProcess:
    return InProcess(engine)


def edge(make: Callable[[str], Any], most: int, text: str) -> None:
    """So many can be made, and no more."""
    for number in range(most):
        make(f"n{number}")
    with pytest.raises(LimitExceededException) as caught:
        make("more")
    assert text in caught.value.message


def active(words: str, most: int) -> str:
    return (
        f"Cannot create a {words}. More than {most} resources in ACTIVE state. "
        "Please delete some and try again."
    )


def trained(engine: Engine, solution_arn: str, tail: str = "00000000", recipe: str = "aws-sims") -> str:
    """A version as a training leaves it, without one."""
    arn = f"{solution_arn}/{tail}"
    with engine._context.store.write() as tx:
        parent = tx.get(solution_arn)
        assert parent is not None
        body = {
            "name": tail,
            "solutionVersionArn": arn,
            "solutionArn": solution_arn,
            "datasetGroupArn": parent.parent,
            "recipeArn": f"arn:aws:personalize:::recipe/{recipe}",
            "trainingMode": "FULL",
            "performAutoML": False,
            "performHPO": False,
        }
        tx.insert(Resource(arn, "solution-version", arn, solution_arn, body))
    return arn


def test_schemas_and_dataset_groups(service: InProcess) -> None:
    edge(lambda name: schema(service, name), 500, active("schema", 500))
    edge(lambda name: group(service, name), 5, active("dataset group", 5))
    assert len(service.call("list_dataset_groups")["datasetGroups"]) == 5
    service.call("delete_dataset_group", datasetGroupArn=service.arn_prefix + "dataset-group/n0")
    group(service, "another")


def test_a_name_that_is_taken_is_told_before_a_quota(service: InProcess) -> None:
    for number in range(5):
        group(service, f"n{number}")
    assert service.refused("create_dataset_group", name="n1")[0] == "ResourceAlreadyExistsException"


def test_solutions_and_campaigns_of_a_group(engine: Engine, service: InProcess) -> None:
    one, two = group(service, "one"), group(service, "two")
    edge(lambda name: solution(service, one, name), 10, active("solution", 10))
    solution(service, two, "of-another-group")
    versions = [trained(engine, service.arn_prefix + f"solution/n{n}") for n in range(2)]

    def make(name: str) -> None:
        version = versions[len(name) % 2]  # campaigns of a group count together, whatever their solution
        service.call("create_campaign", name=name, solutionVersionArn=version)

    edge(make, 5, active("campaign", 5))
    other = trained(engine, service.arn_prefix + "solution/of-another-group")
    service.call("create_campaign", name="other", solutionVersionArn=other)


def test_what_failed_takes_no_place(engine: Engine, service: InProcess) -> None:
    arn = trained(engine, solution(service, group(service)))
    for number in range(5):
        service.call("create_campaign", name=f"n{number}", solutionVersionArn=arn)
    with engine._context.store.write() as tx:
        failed = tx.get(service.arn_prefix + "campaign/n0")
        assert failed is not None
        failed.status = "CREATE FAILED"
        tx.save(failed)
    service.call("create_campaign", name="more", solutionVersionArn=arn)


def test_filters_of_a_group(service: InProcess) -> None:
    arn = group(service)
    dataset(service, arn, schema(service, "i", ITEMS), "Items")

    def make(name: str) -> None:
        expression = 'INCLUDE ItemID WHERE Items.GENRE IN ("a")'
        service.call("create_filter", name=name, datasetGroupArn=arn, filterExpression=expression)

    edge(make, 30, active("filter", 30))


def test_fields_of_all_filters_of_a_group(service: InProcess) -> None:
    arn = group(service)
    fields = [{"name": "ITEM_ID", "type": "string"}]
    fields += [{"name": f"F{n}", "type": "int"} for n in range(21)]
    dataset(service, arn, schema(service, "i", ITEMS | {"fields": fields}), "Items")

    def make(name: str, *numbers: int) -> None:
        expression = "INCLUDE ItemID WHERE " + " AND ".join(f"Items.F{n} > 1" for n in numbers)
        service.call("create_filter", name=name, datasetGroupArn=arn, filterExpression=expression)

    make("a", *range(10))
    make("b", *range(10, 20))
    make("c", 3, 13)
    with pytest.raises(LimitExceededException, match=r"would use 21 different fields\. More than 20"):
        make("d", 20)
    service.call("delete_filter", filterArn=service.arn_prefix + "filter/b")
    make("d", 20)
    with pytest.raises(InvalidInputException, match="at most 10 in one filter"):
        make("e", *range(11))


def test_pending_imports_and_deletions(service: InProcess, tmp_path: Path) -> None:
    arn = group(service)
    data = dataset(service, arn, schema(service))
    source = {"dataLocation": str(write_interactions(tmp_path / "d.csv"))}
    create = {"datasetArn": data, "dataSource": source}
    edge(lambda name: service.call("create_dataset_import_job", jobName=name, **create), 5, PENDING.format(5))
    params = {"datasetGroupArn": arn, "dataSource": source, "roleArn": ROLE}
    edge(lambda name: service.call("create_data_deletion_job", jobName=name, **params), 5, PENDING.format(5))
    other = {**params, "datasetGroupArn": group(service, "other")}
    service.call("create_data_deletion_job", jobName="of-another-group", **other)


def test_pending_versions_and_batch_jobs(engine: Engine, service: InProcess, tmp_path: Path) -> None:
    arn = solution(service, group(service))
    edge(lambda _: service.call("create_solution_version", solutionArn=arn), 20, PENDING.format(20))
    params = {
        "solutionVersionArn": trained(engine, arn),
        "jobInput": {"s3DataSource": {"path": str(tmp_path / "in")}},
        "jobOutput": {"s3DataDestination": {"path": str(tmp_path / "out")}},
        "roleArn": ROLE,
    }
    edge(lambda name: service.call("create_batch_inference_job", jobName=name, **params), 5, PENDING.format(5))
    params["solutionVersionArn"] = trained(engine, arn, "11111111", "aws-item-affinity")
    edge(lambda name: service.call("create_batch_segment_job", jobName=name, **params), 5, PENDING.format(5))


@pytest.mark.parametrize(
    ("recipe", "kind", "most"),
    [
        ("aws-sims", "ITEMS", 750_000),
        ("aws-sims", "INTERACTIONS", 500_000_000),
        ("aws-user-personalization-v2", "ITEMS", 5_000_000),
        ("aws-user-personalization-v2", "INTERACTIONS", 3_000_000_000),
    ],
)
def test_rows_that_a_training_takes(
    recipe: str, kind: str, most: int, engine: Engine, service: InProcess
) -> None:
    arn = group(service)
    fields = ITEMS if kind == "ITEMS" else INTERACTIONS
    data = dataset(service, arn, schema(service, "s", fields), kind)
    of = solution(service, arn, recipe=recipe)

    def start(rows: int) -> None:
        with engine._context.store.write() as tx:
            tx.replace_parts(data, [Part("a", rows - 10, 1, "a"), Part("b", 10, 1, "b")])
        service.call("create_solution_version", solutionArn=of)

    start(most)
    with pytest.raises(LimitExceededException, match=f"{most + 1:,} .* {recipe} takes at most {most:,}"):
        start(most + 1)


@pytest.mark.parametrize("mode", ["FULL", "INCREMENTAL"])
def test_bytes_of_an_import(mode: str, engine: Engine, service: InProcess, tmp_path: Path) -> None:
    assert quotas.AWS.import_bytes == {"FULL": 100 * 2**30, "INCREMENTAL": 2**30}
    data = dataset(service, group(service), schema(service))
    path = write_interactions(tmp_path / "d.csv")
    size = path.stat().st_size

    def imported(name: str, mode: str, most: int) -> dict[str, Any]:
        engine._context.quotas = replace(quotas.AWS, import_bytes={mode: most})
        params = {"jobName": name, "datasetArn": data, "dataSource": {"dataLocation": str(path)}}
        arn = service.call("create_dataset_import_job", importMode=mode, **params)["datasetImportJobArn"]
        return settled(service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=arn)

    engine.start_worker(scheduled=False)
    assert imported("first", "FULL", size)["status"] == "ACTIVE"
    assert imported("fits", mode, size)["status"] == "ACTIVE"
    found = imported("more", mode, size - 1)
    assert found["status"] == "CREATE FAILED"
    assert (
        f"{size:,} bytes: expected at most {size - 1:,} in an import with importMode {mode}"
        in (found["failureReason"])
    )


def test_sources_of_a_metric_attribution(service: InProcess) -> None:
    arn = group(service)
    event = {"name": "EVENT_TYPE", "type": "string"}
    fields = INTERACTIONS | {"fields": [*INTERACTIONS["fields"], event]}
    dataset(service, arn, schema(service, "s", fields))
    service.call(
        "create_metric_attribution",
        name="m",
        datasetGroupArn=arn,
        metrics=[{"metricName": "n", "eventType": "click", "expression": "SAMPLECOUNT()"}],
        metricsOutputConfig={"roleArn": ROLE},
    )
    tracking = service.call("create_event_tracker", name="t", datasetGroupArn=arn)["trackingId"]

    def put(*sources: str) -> None:
        events = [
            {
                "eventType": "click",
                "itemId": "i",
                "sentAt": 1_600_000_000,
                "metricAttribution": {"eventAttributionSource": source},
            }
            for source in sources
        ]
        service.call("put_events", trackingId=tracking, userId="u", sessionId="s", eventList=events)

    for number in range(0, 100, 10):
        put(*[f"s{n}" for n in range(number, number + 10)])
    put("s0")
    with pytest.raises(InvalidInputException, match="101 event attribution sources: expected at most 100"):
        put("s100")


def test_requests_a_second() -> None:
    now = [0.0]
    throttle = Throttle(quotas.AWS.rates, clock=lambda: now[0])
    for operation, params, rate in (
        ("put_events", {"trackingId": "t"}, 1000),
        ("put_items", {"datasetArn": "i"}, 10),
        ("put_users", {"datasetArn": "u"}, 10),
        ("get_recommendations", {"campaignArn": "c"}, 500),
        ("get_recommendations", {"recommenderArn": "r"}, 500),
        ("get_personalized_ranking", {"campaignArn": "d"}, 500),
    ):
        for _ in range(rate):
            throttle.take(operation, params)
        with pytest.raises(ThrottlingException, match=f"{rate} requests a second"):
            throttle.take(operation, params)
    throttle.take("put_items", {"datasetArn": "another"})
    throttle.take("list_dataset_groups", {})
    now[0] += 0.1
    throttle.take("put_items", {"datasetArn": "i"})
    with pytest.raises(ThrottlingException):
        throttle.take("put_items", {"datasetArn": "i"})


def test_requests_a_second_of_all_campaigns_together() -> None:
    throttle = Throttle(quotas.AWS.rates, clock=lambda: 0.0)
    for number in range(2500):
        throttle.take("get_recommendations", {"campaignArn": str(number % 10)})
    with pytest.raises(ThrottlingException, match="2500 requests a second for all campaigns together"):
        throttle.take("get_recommendations", {"campaignArn": "another"})


def test_what_the_limit_of_all_campaigns_refuses_counts_for_no_campaign() -> None:
    now = [0.0]
    rates = Rates({"get_recommendations": ("campaignArn", 10)}, runtime=4)
    throttle = Throttle(rates, clock=lambda: now[0])

    def asked(times: int) -> int:
        answered = 0
        for _ in range(times):
            with contextlib.suppress(ThrottlingException):
                throttle.take("get_recommendations", {"campaignArn": "c"})
                answered += 1
        return answered

    assert asked(50) == 4
    now[0] = 1.0
    assert asked(50) == 4, "the 46 that were refused did not use up the campaign's ten"


def test_an_engine_throttles_what_it_answers(engine: Engine, service: InProcess) -> None:
    params = {"datasetArn": engine.arn("dataset/none/ITEMS"), "items": [{"itemId": "i"}]}
    codes = [service.refused("put_items", **params)[0] for _ in range(60)]
    assert codes[:10] == ["ResourceNotFoundException"] * 10
    assert "ThrottlingException" in codes


def test_without_quotas_nothing_is_counted(tmp_path: Path) -> None:
    with Engine(tmp_path / "engine") as engine:
        service = InProcess(engine)
        for number in range(7):
            group(service, f"n{number}")
        for number in range(30):
            params = {"datasetArn": engine.arn("dataset/none/ITEMS"), "items": [{"itemId": f"i{number}"}]}
            assert service.refused("put_items", **params)[0] == "ResourceNotFoundException"


def test_a_name_that_no_quotas_have(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="quotas is 'azure': expected one of none, aws"):
        Engine(tmp_path / "engine", quotas="azure")  # type: ignore[arg-type]
