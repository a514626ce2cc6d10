"""The recipes of recommenders for shops: dataset groups of domain ECOMMERCE."""

from __future__ import annotations

from pzdecl.engine.recipes import domains

VIEW, PURCHASE = "View", "Purchase"
"""EVENT_TYPE of what these recipes look at, in any case."""

MOST_VIEWED = domains.popular(
    "aws-ecomm-popular-items-by-views",
    "ECOMMERCE",
    VIEW,
    "Most viewed: the items that most customers viewed, the same list for everybody. Learns from View events.",
)
BEST_SELLERS = domains.popular(
    "aws-ecomm-popular-items-by-purchases",
    "ECOMMERCE",
    PURCHASE,
    "Best sellers: the items that most customers bought, the same list for everybody. Learns from Purchase "
    "events.",
)
FREQUENTLY_BOUGHT_TOGETHER = domains.together(
    "aws-ecomm-frequently-bought-together",
    "ECOMMERCE",
    PURCHASE,
    "Frequently bought together: what customers buy close to a given item. Learns from Purchase events.",
    discount=0.5,
    asks=("item",),
)
CUSTOMERS_WHO_VIEWED = domains.together(
    "aws-ecomm-customers-who-viewed-x-also-viewed",
    "ECOMMERCE",
    VIEW,
    "Customers who viewed X also viewed: what customers view close to a given item, without what the customer "
    "bought already. Learns from View events.",
    discount=0.25,
    hides=PURCHASE,
)
RECOMMENDED_FOR_YOU = domains.personal(
    "aws-ecomm-recommended-for-you",
    "ECOMMERCE",
    "Recommended for you: what a customer takes up next, by all events, metadata and context, with exploration "
    "of new items and without what the customer bought already.",
    hides=PURCHASE,
)
