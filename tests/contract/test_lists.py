"""Lists: pages of any size give the whole of it, and a token goes on with its own list only."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pzdecl.engine import Engine
from pzdecl.engine.api import operation
from pzdecl.engine.api.model import service_model, snake
from pzdecl.engine.errors import InvalidNextTokenException
from pzdecl.engine.store import store
from pzdecl.engine.store.rows import Resource
from tests.contract.clients import InProcess

COUNT = 7
GROUP = "arn:aws:personalize:local:000000000000:dataset-group/g"
OTHER = "arn:aws:personalize:local:000000000000:dataset-group/other"
UNPAGED = {"ListTagsForResource"}
METRICS = [{"metricName": f"m{n}", "eventType": "e", "expression": "SAMPLECOUNT()"} for n in range(COUNT)]
LISTS = sorted(
    name
    for name in service_model("personalize")["operations"]
    if name.startswith("List") and name not in UNPAGED and snake(name) in operation.load()
)
KINDS = {
    "ListBatchInferenceJobs": ("batch-inference-job", "solutionVersionArn"),
    "ListBatchSegmentJobs": ("batch-segment-job", "solutionVersionArn"),
    "ListCampaigns": ("campaign", "solutionArn"),
    "ListDataDeletionJobs": ("data-deletion-job", "datasetGroupArn"),
    "ListDatasetExportJobs": ("dataset-export-job", "datasetArn"),
    "ListDatasetGroups": ("dataset-group", None),
    "ListDatasetImportJobs": ("dataset-import-job", "datasetArn"),
    "ListDatasets": ("dataset", "datasetGroupArn"),
    "ListEventTrackers": ("event-tracker", "datasetGroupArn"),
    "ListFilters": ("filter", "datasetGroupArn"),
    "ListMetricAttributionMetrics": ("metric-attribution", "metricAttributionArn"),
    "ListMetricAttributions": ("metric-attribution", "datasetGroupArn"),
    "ListRecipes": (None, "domain"),
    "ListRecommenders": ("recommender", "datasetGroupArn"),
    "ListSchemas": ("schema", None),
    "ListSolutionVersions": ("solution-version", "solutionArn"),
    "ListSolutions": ("solution", "datasetGroupArn"),
}
PARENT = {
    "domain": "ECOMMERCE",
    "datasetGroupArn": GROUP,
    "solutionArn": GROUP.replace("dataset-group/g", "solution/s"),
    "solutionVersionArn": GROUP.replace("dataset-group/g", "solution/s/00000000"),
    "datasetArn": GROUP.replace("dataset-group/g", "dataset/g/ITEMS"),
    "metricAttributionArn": GROUP.replace("dataset-group/g", "metric-attribution/metric-attribution-0"),
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A service with some of everything, half of it below one parent."""
    with pytest.MonkeyPatch.context() as patch, Engine(tmp_path_factory.mktemp("full")) as engine:
        patch.setattr(store, "SYNCHRONOUS", "OFF")
        with engine._context.store.write() as tx:
            tx.insert(Resource(PARENT["solutionArn"], "solution", "s", GROUP, {"name": "s"}))
            for kind, by in {KINDS[name] for name in LISTS}:
                if kind is None or by == "metricAttributionArn":
                    continue
                for number in range(2 * COUNT):
                    parent = (PARENT[by] if number % 2 else OTHER) if by else None
                    body = {"_metrics": METRICS if number < 2 else [], "name": f"{kind}-{number}"}
                    arn = f"arn:aws:personalize:local:000000000000:{kind}/{kind}-{number}"
                    tx.insert(Resource(arn, kind, f"{kind}-{number}", parent, body))
        yield InProcess(engine)


def pages(service: InProcess, name: str, size: int | None, **params: Any) -> list[Any]:
    """The elements of all pages, none of which is longer than asked for."""
    found: list[Any] = []
    token: dict[str, str] = {}
    most = {} if size is None else {"maxResults": size}
    for _ in range(1000):
        answer = service.call(snake(name), **params, **most, **token)
        (listed,) = [value for key, value in answer.items() if key != "nextToken"]
        assert size is None or len(listed) <= size
        found += listed
        if "nextToken" not in answer:
            return found
        assert listed, "a page before the last is never empty"
        assert len(answer["nextToken"]) <= 1500
        assert answer["nextToken"].isascii()
        token = {"nextToken": answer["nextToken"]}
    raise AssertionError("no end")


def test_every_list_of_the_api_is_here() -> None:
    assert sorted(KINDS) == [
        name for name in sorted(service_model("personalize")["operations"]) if name.startswith("List")
        and name not in UNPAGED
    ]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(LISTS), size=st.integers(1, 100), whole=st.booleans())
def test_pages_of_any_size_give_the_whole_list(full: InProcess, name: str, size: int, whole: bool) -> None:
    by = KINDS[name][1]
    params = {} if whole or by is None else {by: PARENT[by]}
    found = pages(full, name, size, **params)
    assert found == pages(full, name, None, **params)
    assert len(found) >= (COUNT if by != "domain" else 5)


def first_token(service: InProcess, name: str, **params: Any) -> str:
    return str(service.call(snake(name), maxResults=1, **params)["nextToken"])


def test_the_token_of_another_list_is_refused(full: InProcess) -> None:
    tokens = {}
    for name in LISTS:
        by = KINDS[name][1]
        tokens[name, False] = first_token(full, name)
        if by:
            tokens[name, True] = first_token(full, name, **{by: PARENT[by]})
    for name, by in [(name, KINDS[name][1]) for name in LISTS]:
        for limited in (False, True) if by else (False,):
            params = {by: PARENT[by]} if by and limited else {}
            for (of, was_limited), token in tokens.items():
                if (of, was_limited) == (name, limited):
                    full.call(snake(name), nextToken=token, **params)
                else:
                    code, message = full.refused(snake(name), nextToken=token, **params)
                    assert code == "InvalidNextTokenException", (name, of)
                    assert "leave it out to start from the first page" in message


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(LISTS), data=st.data())
def test_what_is_no_token_is_refused(full: InProcess, name: str, data: st.DataObject) -> None:
    own = base64.urlsafe_b64decode(first_token(full, name)).decode().partition(":")[0]
    texts = st.one_of(
        st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=40),
        st.sampled_from([f"{own}:", f"{own}:-1", f"{own}:{10**30}", f"{own}:1.5", f"{own}:²", ":1"]).map(
            lambda text: base64.urlsafe_b64encode(text.encode()).decode()
        ),
    )
    with pytest.raises(InvalidNextTokenException):
        full.engine.call(snake(name), {"nextToken": data.draw(texts)})


def test_served_lists_page_by_boto3s_paginators(full: InProcess, tmp_path: Path) -> None:
    boto3 = pytest.importorskip("boto3")
    from tests.engine.http.running import running

    with running(full.engine, roots=(tmp_path,)) as server:
        client = boto3.client(
            "personalize",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        pages = client.get_paginator("list_solutions").paginate(PaginationConfig={"PageSize": 3})
        names = [one["name"] for page in pages for one in page["solutions"]]
    assert len(names) == 2 * COUNT + 1
    assert len(set(names)) == len(names)
