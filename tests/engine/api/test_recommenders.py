"""Recommenders of domain dataset groups: what they learn from, answer, hide, and how they live."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.jobs import recommending, schedule
from pzdecl.engine.recipes.registry import DOMAIN, RECIPES
from pzdecl.engine.store import store
from tests.contract.clients import RECIPE, InProcess, dataset, group, schema
from tests.engine.events.conftest import NOW, avro, field, text
from tests.waiting import idle, until

DAY = 86_400
INTERACTIONS = avro(
    "Interactions",
    field("USER_ID", "string"),
    field("ITEM_ID", "string"),
    field("TIMESTAMP", "long"),
    field("EVENT_TYPE", "string"),
)
ITEMS = avro(
    "Items",
    field("ITEM_ID", "string"),
    field("PRICE", "float"),
    field("CATEGORY_L1", "string", categorical=True),
)


class Shop:
    """A shop whose customers buy pairs (i00 with i01, i02 with i03, ...) and view the higher numbers most."""

    def __init__(
        self,
        folder: Path,
        domain: str = "ECOMMERCE",
        kinds: tuple[str, str] = ("View", "Purchase"),
        users: int = 120,
    ):
        self.now = time.time()
        self.engine = Engine(folder / "engine", clock=lambda: self.now)
        self.engine.start_worker(scheduled=False)
        self.service = InProcess(self.engine)
        self.group = group(self.service, domain=domain)
        made = schema(self.service, "events", INTERACTIONS, domain=domain)
        self.interactions = dataset(self.service, self.group, made)
        self.load(self.interactions, _interactions(folder / "interactions.csv", kinds, users))
        tracker = self.service.call("create_event_tracker", name="web", datasetGroupArn=self.group)
        self.tracking_id = tracker["trackingId"]

    def load(self, dataset: str, path: Path) -> None:
        """Imports a file."""
        self.service.call(
            "create_dataset_import_job",
            jobName=path.stem,
            datasetArn=dataset,
            dataSource={"dataLocation": str(path)},
        )
        self.wait()

    def add_items(self, path: Path) -> str:
        made = schema(self.service, "items", ITEMS, domain="ECOMMERCE")
        arn = dataset(self.service, self.group, made, "Items")
        lines = [f"i{n:02},{n}.5,{'even' if n % 2 == 0 else 'odd'}" for n in range(30)]
        path.write_text("\n".join(["ITEM_ID,PRICE,CATEGORY_L1", *lines]) + "\n", encoding="utf-8")
        self.load(arn, path)
        return arn

    def make(self, name: str, recipe: str, **config: Any) -> str:
        """Makes a recommender without waiting for it."""
        more = {"recommenderConfig": config} if config else {}
        params = {"name": name, "datasetGroupArn": self.group, "recipeArn": RECIPE + recipe}
        return str(self.service.call("create_recommender", **params, **more)["recommenderArn"])

    def made(self, name: str, recipe: str, **config: Any) -> str:
        """Makes a recommender that is then ACTIVE."""
        arn = self.make(name, recipe, **config)
        self.wait()
        assert self.about(arn)["status"] == "ACTIVE", self.about(arn)
        return arn

    def about(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.service.call("describe_recommender", recommenderArn=arn)["recommender"]
        return found

    def ask(self, arn: str, count: int = 5, **params: Any) -> list[str]:
        answer = self.service.call("get_recommendations", recommenderArn=arn, numResults=count, **params)
        assert all("score" not in one for one in answer["itemList"])
        return [one["itemId"] for one in answer["itemList"]]

    def refused(self, operation: str, **params: Any) -> str:
        code, message = self.service.refused(operation, **params)
        assert code == "InvalidInputException"
        return message

    def put(self, user: str, item: str, kind: str) -> None:
        event = {"itemId": item, "eventType": kind, "sentAt": self.now}
        self.service.call(
            "put_events", trackingId=self.tracking_id, userId=user, sessionId=user, eventList=[event]
        )

    def versions(self, arn: str) -> list[str]:
        """The statuses of the models that are kept, the oldest first."""
        with self.engine._context.store.read() as reader:
            return [one.status for one in reader.children("recommender-version", arn)]

    def keeps(self, expected: int) -> None:
        """So many models lie in the engine's folder, or will soon: what is to go may go a little later."""
        until(
            lambda: list((self.engine.folder / "models").glob("recommender.*/*")),
            lambda found: len(found) == expected,
        )

    def wait(self) -> None:
        idle(self.engine)

    def tick(self) -> None:
        """Lets what is due happen."""
        schedule.tick(self.engine._context)
        self.wait()


def _interactions(path: Path, kinds: tuple[str, str], users: int) -> Path:
    draw = random.Random(1)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(users):
        at = NOW - 20 * DAY
        for step in range(10):
            viewed = max(draw.randrange(30), draw.randrange(30))
            pair = 2 * min(draw.randrange(15), draw.randrange(15))
            for item, kind in ((viewed, kinds[0]), (pair, kinds[1]), (pair + 1, kinds[1])):
                lines.append(f"u{user:03},i{item:02},{at + step * DAY},{kind}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def make_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shop]]:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    shops: list[Shop] = []

    def make(**more: Any) -> Shop:
        shops.append(Shop(tmp_path, **more))
        return shops[-1]

    yield make
    for shop in shops:
        shop.engine.close()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


def test_each_recipe_learns_from_its_own_events(shop: Shop) -> None:
    viewed = shop.ask(shop.made("viewed", "aws-ecomm-popular-items-by-views"), userId="u001")
    bought = shop.ask(shop.made("bought", "aws-ecomm-popular-items-by-purchases"), userId="u001")
    assert min(viewed) > "i20"
    assert max(bought) < "i10"
    beside = shop.made("together", "aws-ecomm-frequently-bought-together")
    assert [shop.ask(beside, 1, itemId=f"i{n:02}")[0] for n in (0, 3, 6)] == ["i01", "i02", "i07"]


def test_a_recommender_is_described_with_the_metrics_of_its_model(shop: Shop) -> None:
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases", minRecommendationRequestsPerSecond=2)
    found = shop.about(arn)
    assert arn == f"{shop.service.arn_prefix}recommender/bought"
    metrics = found.pop("modelMetrics")
    assert "normalized_discounted_cumulative_gain_at_25" in metrics
    assert all(round(value, 4) == value for value in metrics.values())
    assert found.pop("creationDateTime") <= found.pop("lastUpdatedDateTime")
    assert found == {
        "name": "bought",
        "recommenderArn": arn,
        "datasetGroupArn": shop.group,
        "recipeArn": RECIPE + "aws-ecomm-popular-items-by-purchases",
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 2},
        "status": "ACTIVE",
    }
    assert shop.engine.progress(arn) is not None
    listed = shop.service.call("list_recommenders", datasetGroupArn=shop.group)["recommenders"]
    assert [one["recommenderArn"] for one in listed] == [arn]
    assert "modelMetrics" not in listed[0]


@pytest.mark.parametrize(
    ("recipe", "given", "missing"),
    [
        ("aws-ecomm-popular-items-by-views", {"itemId": "i01"}, "userId"),
        ("aws-ecomm-frequently-bought-together", {"userId": "u001"}, "itemId"),
        ("aws-ecomm-customers-who-viewed-x-also-viewed", {"userId": "u001"}, "itemId"),
        ("aws-ecomm-customers-who-viewed-x-also-viewed", {"itemId": "i01"}, "userId"),
    ],
)
def test_what_a_request_must_name(shop: Shop, recipe: str, given: dict[str, str], missing: str) -> None:
    arn = shop.made("one", recipe)
    assert f"{missing} is required" in shop.refused("get_recommendations", recommenderArn=arn, **given)


def test_what_was_bought_is_not_recommended_again_also_just_now(shop: Shop) -> None:
    arn = shop.made("also", "aws-ecomm-customers-who-viewed-x-also-viewed")
    before = shop.ask(arn, 30, userId="new", itemId="i29")
    assert len(before) > 20
    shop.put("new", before[0], "purchase")
    shop.put("new", before[1], "View")
    assert shop.ask(arn, 30, userId="new", itemId="i29") == before[1:]
    bought = {f"i{n:02}" for n in range(8)}
    had = shop.ask(arn, 30, userId="u001", itemId="i29")
    assert set(had) < set(before)
    assert bought - set(had)


def test_filters_promotions_and_metadata(shop: Shop, tmp_path: Path) -> None:
    shop.add_items(tmp_path / "items.csv")
    arn = shop.made("also", "aws-ecomm-customers-who-viewed-x-also-viewed")
    expression = 'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("even")'
    made = shop.service.call(
        "create_filter", name="even", datasetGroupArn=shop.group, filterExpression=expression
    )
    even = shop.ask(arn, 30, userId="u001", itemId="i29", filterArn=made["filterArn"])
    assert even == [one for one in shop.ask(arn, 30, userId="u001", itemId="i29") if int(one[1:]) % 2 == 0]
    answer = shop.service.call(
        "get_recommendations",
        recommenderArn=arn,
        userId="new",
        itemId="i29",
        numResults=4,
        promotions=[{"name": "half", "percentPromotedItems": 50, "filterArn": made["filterArn"]}],
    )["itemList"]
    promoted = [one["itemId"] for one in answer if one.get("promotionName") == "half"]
    assert len(promoted) == 2
    assert all(int(one[1:]) % 2 == 0 for one in promoted)

    ask = {"recommenderArn": arn, "userId": "u001", "itemId": "i29", "numResults": 2}
    columns = {"metadataColumns": {"ITEMS": ["PRICE"]}}
    assert "recommenderConfig.enableMetadata" in shop.refused("get_recommendations", **ask, **columns)
    shop.service.call(
        "update_recommender", recommenderArn=arn, recommenderConfig={"enableMetadataWithRecommendations": True}
    )
    shop.wait()
    shown = shop.service.call("get_recommendations", **ask, **columns)["itemList"]
    assert [one["metadata"]["PRICE"] for one in shown] == [f"{int(one['itemId'][1:])}.5" for one in shown]


def test_other_columns_are_a_full_training_and_anything_else_is_none(shop: Shop, tmp_path: Path) -> None:
    shop.add_items(tmp_path / "items.csv")
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases")
    config = {"minRecommendationRequestsPerSecond": 3}
    shop.service.call("update_recommender", recommenderArn=arn, recommenderConfig=config)
    shop.wait()
    found = shop.about(arn)
    assert found["recommenderConfig"] == config
    assert found["latestRecommenderUpdate"]["status"] == "ACTIVE"
    assert shop.versions(arn) == ["ACTIVE"]
    for number in (1, 2, 3):
        names = ["PRICE", "CATEGORY_L1"][:number]
        columns = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": names}}}
        shop.service.call("update_recommender", recommenderArn=arn, recommenderConfig=columns)
        shop.wait()
        assert shop.about(arn)["recommenderConfig"] == {**config, **columns}
        assert shop.ask(arn, userId="u001")
    # The third asks for what the second did: nothing is trained. Only the last two models are kept.
    assert shop.versions(arn) == ["ACTIVE", "ACTIVE"]
    shop.keeps(2)
    shop.service.call("update_recommender", recommenderArn=arn, recommenderConfig={"trainingDataConfig": {}})
    shop.wait()
    assert shop.about(arn)["recommenderConfig"] == config


def test_included_columns_leave_out_the_others(shop: Shop, tmp_path: Path) -> None:
    shop.add_items(tmp_path / "items.csv")
    included = {"includedDatasetColumns": {"Items": ["PRICE"]}}
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases", trainingDataConfig=included)
    with shop.engine._context.store.read() as reader:
        version = reader.children("recommender-version", arn)[0]
    left = version.body["solutionConfig"]["trainingDataConfig"]["excludedDatasetColumns"]
    assert left == {"ITEMS": ["CATEGORY_L1"]}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"itemExplorationConfig": {"explorationWeight": "0.5"}}, "aws-ecomm-recommended-for-you"),
        ({"enableMetadataWithRecommendations": True}, "no Items dataset"),
        ({"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["A"]}}}, "no dataset of the group"),
        (
            {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_TYP"]}}},
            "did you mean EVENT_TYPE?",
        ),
        (
            {"trainingDataConfig": {"excludedDatasetColumns": {"interactions": ["EVENT_TYPE"]}}},
            "can't be excluded",
        ),
    ],
)
def test_configurations_that_are_not_taken(shop: Shop, config: dict[str, Any], told: str) -> None:
    params = {"name": "one", "datasetGroupArn": shop.group}
    recipe = RECIPE + "aws-ecomm-popular-items-by-views"
    message = shop.refused("create_recommender", **params, recipeArn=recipe, recommenderConfig=config)
    assert told in message
    assert shop.service.call("list_recommenders")["recommenders"] == []


@pytest.mark.parametrize(
    ("domain", "recipe", "told"),
    [
        ("ECOMMERCE", "aws-vod-most-popular", "is of domain ECOMMERCE"),
        ("ECOMMERCE", "aws-sims", "is a recipe of solutions"),
        (None, "aws-vod-most-popular", "has no domain"),
        ("VIDEO_ON_DEMAND", "aws-vod-top-picks", "dataset of type INTERACTIONS and ITEMS"),
    ],
)
def test_where_a_recipe_has_no_place(tmp_path: Path, domain: str | None, recipe: str, told: str) -> None:
    with Engine(tmp_path / "engine") as engine:
        service = InProcess(engine)
        arn = group(service, **({"domain": domain} if domain else {}))
        code, message = service.refused(
            "create_recommender", name="one", datasetGroupArn=arn, recipeArn=RECIPE + recipe
        )
        assert code == "InvalidInputException"
        assert told in message
        code, message = service.refused(
            "create_solution", name="one", datasetGroupArn=arn, recipeArn=RECIPE + "aws-vod-top-picks"
        )
        assert (code, "CreateRecommender" in message) == ("InvalidInputException", True)


def test_too_few_events_of_the_type_are_told_as_the_service_tells_it(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(kinds=("click", "Purchase"))
    arn = shop.make("viewed", "aws-ecomm-popular-items-by-views")
    shop.wait()
    found = shop.about(arn)
    assert found["status"] == "CREATE FAILED"
    assert found["failureReason"] == (
        "Dataset has fewer than 1000 interactions after filtering by event type: View."
    )
    message = shop.refused("get_recommendations", recommenderArn=arn, userId="u001")
    assert "its status is CREATE FAILED" in message
    shop.service.call("delete_recommender", recommenderArn=arn)
    assert shop.service.refused("describe_recommender", recommenderArn=arn)[0] == "ResourceNotFoundException"


def test_stop_and_start(shop: Shop) -> None:
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases")
    before = shop.ask(arn, userId="u001")
    code, message = shop.service.refused("start_recommender", recommenderArn=arn)
    assert (code, "expected INACTIVE" in message) == ("ResourceInUseException", True)
    assert shop.service.call("stop_recommender", recommenderArn=arn) == {"recommenderArn": arn}
    shop.wait()
    assert shop.about(arn)["status"] == "INACTIVE"
    assert "start it first" in shop.refused("get_recommendations", recommenderArn=arn, userId="u001")
    shop.now += 30 * DAY
    shop.put("u001", "i01", "Purchase")
    shop.tick()
    assert shop.versions(arn) == ["ACTIVE"]
    shop.service.call("start_recommender", recommenderArn=arn)
    shop.wait()
    assert shop.about(arn)["status"] == "ACTIVE"
    assert shop.ask(arn, userId="u001") == before


def test_a_training_that_ends_while_it_is_stopped_does_not_start_it(shop: Shop) -> None:
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases")
    with shop.engine._context.store.write() as tx:
        recommender = tx.get(arn)
        assert recommender
        recommender.status = "STOP IN_PROGRESS"
        tx.save(recommender)
        recommending.take_over(tx, tx.children("recommender-version", arn)[0])
    assert shop.about(arn)["status"] == "STOP IN_PROGRESS"
    assert shop.ask(arn, userId="u001"), "it answers until it has stopped"


def test_it_is_trained_again_after_a_week_where_there_is_something_new(shop: Shop) -> None:
    assert recommending.RETRAIN_SECONDS == 7 * DAY
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases")
    shop.now += recommending.RETRAIN_SECONDS
    shop.tick()
    assert shop.versions(arn) == ["ACTIVE"]
    for number in range(300):
        shop.put(f"fresh{number}", "i29", "Purchase")
    assert shop.ask(arn, 1, userId="u001") != ["i29"]
    shop.tick()
    assert shop.versions(arn) == ["ACTIVE", "ACTIVE"]
    assert shop.ask(arn, 1, userId="u001") == ["i29"]
    shop.put("another", "i29", "Purchase")
    shop.now += recommending.RETRAIN_SECONDS - 1
    shop.tick()
    assert shop.versions(arn) == ["ACTIVE", "ACTIVE"]


def test_one_training_at_a_time_and_that_for_the_newest_configuration(shop: Shop) -> None:
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases")
    shop.engine.stop()  # what is queued stays queued
    context = shop.engine._context

    def waiting() -> dict[str, bool]:
        """The models that wait to be trained, and whether each belongs to an update."""
        with context.store.read() as reader:
            found = reader.children("recommender-version", arn)
            assert len(reader.unfinished()) == len(found) - 1
        return {one.arn: one.body["_update"] for one in found if one.status == "CREATE PENDING"}

    shop.put("u001", "i29", "Purchase")
    shop.now += recommending.RETRAIN_SECONDS
    schedule.tick(context)
    first = waiting()
    assert list(first.values()) == [False]
    shop.now += recommending.RETRAIN_SECONDS
    schedule.tick(context)
    assert waiting() == first, "one that takes longer than a week is not begun again"
    columns = {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["ITEM_ID"]}}}
    shop.service.call("update_recommender", recommenderArn=arn, recommenderConfig=columns)
    assert list(waiting().values()) == [True]
    code, message = shop.service.refused("delete_recommender", recommenderArn=arn)
    assert (code, "updating (CREATE PENDING)" in message) == ("ResourceInUseException", True)


def test_an_automatic_training_that_fails_leaves_what_serves(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    arn = shop.made("bought", "aws-ecomm-popular-items-by-purchases")
    before = shop.ask(arn, userId="u001")

    def explode(*args: Any) -> None:
        raise OSError("no more disk")

    name = "aws-ecomm-popular-items-by-purchases"
    monkeypatch.setitem(RECIPES, name, replace(RECIPES[name], trainer=lambda: explode))
    shop.put("u001", "i29", "Purchase")
    shop.now += recommending.RETRAIN_SECONDS
    shop.tick()
    assert shop.versions(arn) == ["ACTIVE", "CREATE FAILED"]
    assert shop.about(arn)["status"] == "ACTIVE"
    assert shop.ask(arn, userId="u001") == before
    assert "no more disk" in caplog.text
    shop.tick()  # the next one is due a week later
    assert shop.versions(arn) == ["ACTIVE", "CREATE FAILED"]
    columns = {"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["ITEM_ID"]}}}
    shop.service.call("update_recommender", recommenderArn=arn, recommenderConfig=columns)
    shop.wait()
    update = shop.about(arn)["latestRecommenderUpdate"]
    assert (update["status"], "no more disk" in update["failureReason"]) == ("CREATE FAILED", True)
    assert "recommenderConfig" not in shop.about(arn)
    assert shop.ask(arn, userId="u001") == before


def test_the_order_of_deleting(shop: Shop) -> None:
    arn = shop.make("bought", "aws-ecomm-popular-items-by-purchases")
    if shop.about(arn)["status"].startswith("CREATE"):
        code, message = shop.service.refused("delete_recommender", recommenderArn=arn)
        assert (code, "CREATE" in message) == ("ResourceInUseException", True)
    shop.wait()
    shop.service.call("tag_resource", resourceArn=arn, tags=[{"tagKey": "team", "tagValue": "shop"}])
    assert shop.service.call("list_tags_for_resource", resourceArn=arn)["tags"]
    tracker = shop.service.call("list_event_trackers")["eventTrackers"][0]["eventTrackerArn"]
    shop.service.call("delete_event_tracker", eventTrackerArn=tracker)
    code, message = shop.service.refused("delete_dataset_group", datasetGroupArn=shop.group)
    assert (code, arn in message) == ("ResourceInUseException", True)
    shop.keeps(1)
    assert shop.service.call("delete_recommender", recommenderArn=arn) == {}
    shop.keeps(0)
    shop.service.call("delete_dataset", datasetArn=shop.interactions)
    shop.service.call("delete_dataset_group", datasetGroupArn=shop.group)


def test_exactly_one_arn_is_to_be_named(shop: Shop) -> None:
    assert "both missing" in shop.refused("get_recommendations", userId="u001")
    arns = {"campaignArn": f"{shop.service.arn_prefix}campaign/a"}
    arns |= {"recommenderArn": f"{shop.service.arn_prefix}recommender/a"}
    assert "both given" in shop.refused("get_recommendations", userId="u001", **arns)
    code, message = shop.service.refused(
        "get_recommendations", userId="u001", recommenderArn=arns["recommenderArn"]
    )
    assert (code, "recommender does not exist" in message) == ("ResourceNotFoundException", True)


def test_lists_of_recipes_by_domain(tmp_path: Path) -> None:
    with Engine(tmp_path / "engine") as engine:
        service = InProcess(engine)
        found = {}
        for domain in ("ECOMMERCE", "VIDEO_ON_DEMAND"):
            listed = service.call("list_recipes", domain=domain)["recipes"]
            assert {one["domain"] for one in listed} == {domain}
            found[domain] = [one["name"] for one in listed]
        assert [len(names) for names in found.values()] == [5, 5]
        assert sorted(found["ECOMMERCE"] + found["VIDEO_ON_DEMAND"]) == sorted(DOMAIN)
        every = {one["name"]: one for one in service.call("list_recipes")["recipes"]}
        assert set(DOMAIN) < set(every)
        assert "domain" not in every["aws-sims"]
        for name in DOMAIN:
            recipe = service.call("describe_recipe", recipeArn=RECIPE + name)["recipe"]
            service.call("describe_algorithm", algorithmArn=recipe["algorithmArn"])
            arn = recipe["featureTransformationArn"]
            service.call("describe_feature_transformation", featureTransformationArn=arn)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest networks: what is tested is not how good they are."""
    for name in ("aws-ecomm-recommended-for-you", "aws-vod-top-picks"):
        narrow = tuple(
            replace(one, default=32) if one.name == "hidden_dimension" else one
            for one in RECIPES[name].hyperparameters
        )
        monkeypatch.setitem(RECIPES, name, replace(RECIPES[name], hyperparameters=narrow))


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_recommended_for_you_is_personal_explores_and_takes_in_what_is_new(
    make_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    shop = make_shop(users=40)
    items = shop.add_items(tmp_path / "items.csv")
    explore = {"explorationWeight": "1.0", "explorationItemAgeCutOff": "3"}
    arn = shop.made("you", "aws-ecomm-recommended-for-you", itemExplorationConfig=explore)
    assert shop.about(arn)["recommenderConfig"]["itemExplorationConfig"] == explore
    calm = {"itemExplorationConfig": {"explorationWeight": "0"}}
    shop.service.call("update_recommender", recommenderArn=arn, recommenderConfig=calm)
    shop.wait()

    # What somebody did just now moves the next answer; what was bought is not in it.
    before = shop.ask(arn, 30, userId="new")
    assert shop.ask(arn, 30, userId="new") == before
    for _ in range(3):
        shop.put("new", "i28", "View")
    after = shop.ask(arn, 30, userId="new")
    assert after != before
    shop.put("new", after[0], "Purchase")
    assert after[0] not in shop.ask(arn, 30, userId="new")

    # An item that is new comes in within two hours, without a training.
    values = text(price=1.5, categoryL1="even")
    shop.service.call("put_items", datasetArn=items, items=[{"itemId": "fresh", "properties": values}])
    shop.put("u001", "fresh", "View")
    assert "fresh" not in shop.ask(arn, 31, userId="u002")
    shop.now += schedule.UPDATE_SECONDS + 60
    shop.tick()
    assert shop.versions(arn) == ["ACTIVE"]
    assert "fresh" in shop.ask(arn, 31, userId="u002")


FILMS = avro(
    "Items",
    field("ITEM_ID", "string"),
    field("GENRES", "string", categorical=True),
    field("CREATION_TIMESTAMP", "long"),
)


@pytest.fixture
def club(make_shop: Callable[..., Shop], tmp_path: Path) -> Shop:
    """Films of two genres."""
    shop = make_shop(domain="VIDEO_ON_DEMAND", kinds=("Click", "Watch"))
    made = schema(shop.service, "films", FILMS, domain="VIDEO_ON_DEMAND")
    arn = dataset(shop.service, shop.group, made, "Items")
    lines = [f"i{n:02},{'Comedy|Crime' if n < 15 else 'Drama'},{NOW - 90 * DAY}" for n in range(34)]
    path = tmp_path / "films.csv"
    path.write_text("\n".join(["ITEM_ID,GENRES,CREATION_TIMESTAMP", *lines]) + "\n", encoding="utf-8")
    shop.load(arn, path)
    return shop


def test_recipes_for_films_without_networks(club: Shop) -> None:
    popular = club.ask(club.made("popular", "aws-vod-most-popular"), 5, userId="u001")
    assert max(popular) < "i10"
    because = club.made("because", "aws-vod-because-you-watched-x")
    assert club.ask(because, 1, userId="nobody", itemId="i00") == ["i01"]
    alike = club.made("alike", "aws-vod-more-like-x")
    # Of i33 there are only data: what is like it is a drama.
    near = club.ask(alike, 5, userId="nobody", itemId="i33")
    assert all(one >= "i15" for one in near)
    club.put("nobody", near[0], "watch")
    assert club.ask(alike, 4, userId="nobody", itemId="i33") == near[1:]


def test_what_is_trending_is_looked_at_again_every_two_hours(club: Shop) -> None:
    arn = club.made("trending", "aws-vod-trending-now")
    before = club.ask(arn, 1)
    club.now += 3600
    for number in range(60):
        club.put(f"v{number}", "i27", "Click")
    assert club.ask(arn, 1) == before != ["i27"]
    club.now += 3600
    assert club.ask(arn, 1) == ["i27"]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_top_picks_leave_out_what_was_watched(club: Shop) -> None:
    pytest.importorskip("torch")
    arn = club.made("picks", "aws-vod-top-picks")
    seen = club.ask(arn, 34, userId="u001")
    club.put("u001", seen[0], "WATCH")
    assert seen[0] not in club.ask(arn, 34, userId="u001")
    assert len(seen) < 34
