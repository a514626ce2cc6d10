"""A client that puts events as fast as it can, in a process of its own that is to be killed."""

from __future__ import annotations

import os
import sys
import threading

from pzdecl.engine import Engine

THREADS = 8
BATCH = 3


def put_for_ever(folder: str, tracking_id: str, run: str) -> None:
    """Writes a line with the ids of each batch that was acknowledged, once it was."""
    with Engine(folder) as engine:
        events = engine.client("personalize-events")

        def client(number: int) -> None:
            for turn in range(1_000_000):
                ids = [f"{run}-{number}-{turn}-{place}" for place in range(BATCH)]
                user = {} if turn % 3 == 0 else {"userId": f"u{run}-{number}"}
                events.put_events(
                    trackingId=tracking_id,
                    sessionId=f"s{run}-{number}-{turn // 4}",
                    eventList=[{"eventId": i, "eventType": "e", "itemId": i, "sentAt": turn} for i in ids],
                    **user,
                )
                os.write(1, f"{' '.join(ids)}\n".encode())

        threads = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    put_for_ever(*sys.argv[1:])
