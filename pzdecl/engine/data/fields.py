"""The fields that a dataset type must have, and those whose names are reserved: section by section, as data."""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """What a required or reserved field must look like. `categorical` None: either way."""

    types: tuple[str, ...]
    nullable: bool
    categorical: bool | None = False
    textual: bool | None = False


ID = Known(("string",), False)
TIME = Known(("long",), False)
MAYBE_TIME = Known(("long",), True)
MAYBE_TEXT = Known(("string",), True)
MAYBE_CATEGORY = Known(("string",), True, None)
CATEGORY = Known(("string",), True, True)
PROSE = Known(("string",), True, False, True)
MAYBE_FLOAT = Known(("float",), True)
MAYBE_LONG = Known(("long",), True)

DATASET_TYPES = ("INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS")

RECORD_NAMES = {
    "INTERACTIONS": "Interactions",
    "ITEMS": "Items",
    "USERS": "Users",
    "ACTIONS": "Actions",
    "ACTION_INTERACTIONS": "ActionInteractions",
}

REQUIRED: dict[str, dict[str, Known]] = {
    "INTERACTIONS": {"USER_ID": ID, "ITEM_ID": ID, "TIMESTAMP": TIME},
    "ITEMS": {"ITEM_ID": ID},
    "USERS": {"USER_ID": ID},
    "ACTIONS": {"ACTION_ID": ID},
    "ACTION_INTERACTIONS": {"USER_ID": ID, "ACTION_ID": ID, "EVENT_TYPE": ID, "TIMESTAMP": TIME},
}

RESERVED: dict[str, dict[str, Known]] = {
    "INTERACTIONS": {
        "EVENT_TYPE": ID,
        "EVENT_VALUE": MAYBE_FLOAT,
        "IMPRESSION": MAYBE_TEXT,
        "RECOMMENDATION_ID": MAYBE_TEXT,
        "EVENT_ATTRIBUTION_SOURCE": MAYBE_TEXT,
    },
    "ITEMS": {"CREATION_TIMESTAMP": MAYBE_TIME},
    "USERS": {},
    "ACTIONS": {
        "CREATION_TIMESTAMP": MAYBE_TIME,
        "VALUE": MAYBE_LONG,
        "TYPE": MAYBE_CATEGORY,
        "EXPIRATION_TIMESTAMP": MAYBE_TIME,
        "ACTION_EXPIRATION_TIMESTAMP": MAYBE_TIME,
        "REPEAT_FREQUENCY": MAYBE_LONG,
    },
    "ACTION_INTERACTIONS": {"IMPRESSION": MAYBE_TEXT, "RECOMMENDATION_ID": MAYBE_TEXT},
}

DOMAIN_REQUIRED: dict[str, dict[str, dict[str, Known]]] = {
    "ECOMMERCE": {
        "INTERACTIONS": {"EVENT_TYPE": ID},
        "ITEMS": {"PRICE": MAYBE_FLOAT, "CATEGORY_L1": CATEGORY},
    },
    "VIDEO_ON_DEMAND": {
        "INTERACTIONS": {"EVENT_TYPE": ID},
        "ITEMS": {"GENRES": CATEGORY, "CREATION_TIMESTAMP": MAYBE_TIME},
    },
}

DOMAIN_RESERVED: dict[str, dict[str, dict[str, Known]]] = {
    "ECOMMERCE": {
        "ITEMS": {
            "CATEGORY_L2": CATEGORY,
            "CATEGORY_L3": CATEGORY,
            "PRODUCT_DESCRIPTION": PROSE,
            "AGE_GROUP": CATEGORY,
            "ADULT": CATEGORY,
            "GENDER": CATEGORY,
        }
    },
    "VIDEO_ON_DEMAND": {
        "ITEMS": {
            "PRICE": MAYBE_FLOAT,
            "DURATION": MAYBE_FLOAT,
            "AVERAGE_RATING": MAYBE_FLOAT,
            "GENRE_L2": CATEGORY,
            "GENRE_L3": CATEGORY,
            "PRODUCT_DESCRIPTION": PROSE,
            "CONTENT_OWNER": CATEGORY,
            "CONTENT_CLASSIFICATION": CATEGORY,
        },
        "USERS": {"SUBSCRIPTION_MODEL": CATEGORY},
    },
}

METADATA_LIMITS = {"INTERACTIONS": 5, "ITEMS": 100, "USERS": 25, "ACTIONS": 10, "ACTION_INTERACTIONS": 5}
NEEDS_METADATA = frozenset({"ITEMS", "USERS", "ACTIONS"})
"""Types whose schema must say something besides the id."""
