"""What each of a crowd of clients does to a `World`, at random: each function once, with a name of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.engine.api.crowd import FILTERS, RECOMMENDERS, ROLE, SOLUTIONS, USER_COUNT, VALUES, World
from tests.engine.events.conftest import text

Act = Callable[[World, random.Random, str], None]


def recommend(world: World, draw: random.Random, name: str) -> None:
    """A question of any kind, with all that can come with it."""
    campaign = draw.choice(list(SOLUTIONS))
    params: dict[str, Any] = {"campaignArn": world.arn(f"campaign/{campaign}"), "userId": _user(draw)}
    expressions = ["fixed", "asked", "seen", "old", *(["beside"] if campaign == "sims" else [])]
    chosen = "actions" if campaign == "next" else draw.choice(expressions)
    filtered = {"filterArn": world.arn(f"filter/{chosen}"), "filterValues": VALUES.get(chosen, {})}
    if draw.random() < 0.8:
        params |= filtered
    if campaign == "next":
        world.call("get_action_recommendations", numResults=draw.choice([1, 3, 10]), **params)
        return
    if campaign == "ranks":
        listed = [f"i{n}" for n in draw.sample(range(40), 12)]
        world.call("get_personalized_ranking", inputList=listed, **params)
        return
    if campaign == "sims":
        params["itemId"] = f"i{draw.randrange(40)}"
    if draw.random() < 0.3:
        params["promotions"] = [{"name": "p", "percentPromotedItems": 30, **filtered}]
    if draw.random() < 0.3:
        params["metadataColumns"] = {"ITEMS": ["GENRES", "PRICE"]}
    world.call("get_recommendations", numResults=draw.choice([1, 5, 25]), **params)


def recommend_in_shop(world: World, draw: random.Random, name: str) -> None:
    params = {"recommenderArn": _recommender(world, draw), "userId": _user(draw)}
    world.call("get_recommendations", itemId=f"i{draw.randrange(30)}", **params)


def put_events(world: World, draw: random.Random, name: str) -> None:
    """Of a user, or of a session alone."""
    item = f"i{draw.randrange(40)}"
    events = [
        {"eventType": "watch", "itemId": item, "sentAt": world.now, "eventId": f"{name}-{n}", **more}
        for n, more in enumerate(({}, {"impression": ["i1", "i2"]}))
    ]
    who = {"userId": _user(draw)} if draw.random() < 0.8 else {}
    tracker = draw.choice(world.trackers)
    session = f"s{draw.randrange(9)}"
    world.call("put_events", trackingId=tracker, sessionId=session, eventList=events, **who)


def put_rows(world: World, draw: random.Random, name: str) -> None:
    """Of items, users or actions, known and new ones."""
    kind, id, highest, values = draw.choice(
        [
            ("Items", "itemId", 60, text(genres="odd", price=3.5, creationTimestamp=int(world.now))),
            ("Users", "userId", USER_COUNT, text(age=draw.randrange(80))),
            ("Actions", "actionId", 12, text(value=3, type="fun")),
        ]
    )
    rows = [{id: f"{id[0]}{draw.randrange(highest)}", "properties": values}]
    world.call(f"put_{kind.lower()}", datasetArn=world.datasets[kind], **{kind.lower(): rows})


def act(world: World, draw: random.Random, name: str) -> None:
    """What a user did with an action."""
    one = {"actionId": f"a{draw.randrange(8)}", "userId": _user(draw), "sessionId": "s"}
    more = {"timestamp": int(world.now), "eventType": draw.choice(["Taken", "Viewed"])}
    world.call("put_action_interactions", trackingId=world.acts_id, actionInteractions=[{**one, **more}])


def answer_with_event(world: World, draw: random.Random, name: str) -> None:
    """Asks, and tells what was taken up of the answer."""
    user = _user(draw)
    answer = world.call("get_recommendations", campaignArn=world.arn("campaign/up"), userId=user)
    event = {"eventType": "watch", "itemId": "i1", "sentAt": world.now}
    event["recommendationId"] = answer["recommendationId"]
    world.call("put_events", trackingId=world.trackers[0], userId=user, sessionId=user, eventList=[event])


def replace_data(world: World, draw: random.Random, name: str) -> None:
    kind, arn = draw.choice(list({**world.datasets, "shop": world.shopping}.items()))
    mode = draw.choice(["FULL", "FULL", "INCREMENTAL"])
    world.load(name, arn, draw.choice(world.files[kind]), importMode=mode)


def change_filter(world: World, draw: random.Random, name: str) -> None:
    which = draw.choice(list(FILTERS))
    world.call("delete_filter", filterArn=world.arn(f"filter/{which}"))
    world.make_filter(which)


def switch(world: World, draw: random.Random, name: str) -> None:
    which = draw.choice(["popular", "up"])
    world.call(
        "update_campaign",
        campaignArn=world.arn(f"campaign/{which}"),
        campaignConfig={"enableMetadataWithRecommendations": True},
        solutionVersionArn=draw.choice(world.versions[which]),
    )


def change_recommender(world: World, draw: random.Random, name: str) -> None:
    how = draw.choice(["update", "stop", "start", "start"])
    config = {"recommenderConfig": {"minRecommendationRequestsPerSecond": draw.choice([1, 2])}}
    more = config if how == "update" else {}
    world.call(f"{how}_recommender", recommenderArn=_recommender(world, draw), **more)


def erase(world: World, draw: random.Random, name: str) -> None:
    path = world.folder / f"{name}.csv"
    path.write_text(f"USER_ID\n{_user(draw)}\n", encoding="utf-8")
    source = {"dataSource": {"dataLocation": str(path)}, "roleArn": ROLE}
    world.call("create_data_deletion_job", jobName=name, datasetGroupArn=world.group, **source)


def export(world: World, draw: random.Random, name: str) -> None:
    world.call(
        "create_dataset_export_job",
        jobName=name,
        datasetArn=draw.choice(list(world.datasets.values())),
        ingestionMode="ALL",
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": str(world.folder / "exports" / name)}},
    )


def train(world: World, draw: random.Random, name: str) -> None:
    world.call("create_solution_version", solutionArn=world.arn("solution/popular"))


def look(world: World, draw: random.Random, name: str) -> None:
    world.call("list_dataset_import_jobs", maxResults=5)
    world.call("describe_campaign", campaignArn=world.arn("campaign/up"))


def tick(world: World, draw: random.Random, name: str) -> None:
    world.tick()


ACTS: dict[Act, int] = {
    recommend: 60,
    recommend_in_shop: 8,
    put_events: 6,
    put_rows: 7,
    act: 3,
    answer_with_event: 8,
    replace_data: 4,
    change_filter: 3,
    switch: 2,
    change_recommender: 2,
    erase: 1,
    export: 1,
    train: 1,
    tick: 1,
    look: 3,
}
"""How often each is done, beside the others."""


def _user(draw: random.Random) -> str:
    return draw.choice([f"u{draw.randrange(USER_COUNT)}", f"new{draw.randrange(5)}"])


def _recommender(world: World, draw: random.Random) -> str:
    return world.arn(f"recommender/{draw.choice(list(RECOMMENDERS))}")
