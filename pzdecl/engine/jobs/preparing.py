"""Having in memory what is served, before the first request asks for it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pzdecl.engine.api.models import KEPT
from pzdecl.engine.api.operation import Context
from pzdecl.engine.events.live import live_model
from pzdecl.engine.jobs.schedule import deployed


def prepare(context: Context, check: Callable[[], None]) -> None:
    """Loads the models that campaigns and recommenders serve, as many as are kept, the newest first.

    What can't be loaded is logged; requests are told. Nothing is made where no engine is yet.

    check  called now and then; what it raises ends this
    """
    with context.store.read() as reader:
        found = (reader.get(arn) for arn in deployed(reader))
        versions = sorted((one for one in found if one is not None), key=lambda one: -one.created)
    for version in versions[:KEPT]:
        check()
        try:
            live_model(context, version).prepare(check)
        except (OSError, ValueError, KeyError) as error:
            logging.getLogger(__name__).warning("the model of %s can't be loaded: %s", version.arn, error)
