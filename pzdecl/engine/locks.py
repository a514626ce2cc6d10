"""One lock for each of many things."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Locks:
    """A lock for each key, made when it is asked for: what is made ready for one holds nobody else up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, tuple[threading.Lock, int]] = {}

    @contextmanager
    def held(self, key: Hashable) -> Iterator[None]:
        """Holds the key's lock; a thread may not ask for it again meanwhile."""
        with self._lock:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                users = self._locks.pop(key)[1] - 1
                if users:
                    self._locks[key] = lock, users
