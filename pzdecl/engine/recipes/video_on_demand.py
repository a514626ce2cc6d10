"""The recipes of recommenders for films and series: dataset groups of domain VIDEO_ON_DEMAND."""

from __future__ import annotations

from pzdecl.engine.recipes import domains

WATCH = "Watch"
"""EVENT_TYPE of what these recipes look at, in any case."""

BECAUSE_YOU_WATCHED = domains.together(
    "aws-vod-because-you-watched-x",
    "VIDEO_ON_DEMAND",
    WATCH,
    "Because you watched X: what users watch close to a given item, without what the user watched already. "
    "Learns from Watch events.",
    discount=0.25,
    hides=WATCH,
)
MORE_LIKE = domains.alike(
    "aws-vod-more-like-x",
    "VIDEO_ON_DEMAND",
    "More like X: items like a given one, by what users take up beside it and by the items' own data, without "
    "what the user watched already.",
    hides=WATCH,
)
MOST_POPULAR = domains.popular(
    "aws-vod-most-popular",
    "VIDEO_ON_DEMAND",
    WATCH,
    "Most popular: the items that most users watched, the same list for everybody. Learns from Watch events.",
)
TRENDING = domains.trending(
    "aws-vod-trending-now",
    "VIDEO_ON_DEMAND",
    "Trending now: the items whose events rise most, looked at again every two hours, the same list for "
    "everybody.",
)
TOP_PICKS = domains.personal(
    "aws-vod-top-picks",
    "VIDEO_ON_DEMAND",
    "Top picks for you: what a user takes up next, by all events, metadata and context, with exploration of "
    "new items and without what the user watched already.",
    hides=WATCH,
    datasets=("INTERACTIONS", "ITEMS"),
)
