"""What pzdecl manages, in one SQLite file an environment: rows, journal, history, lock.

Planning reads through `Reader`; applying writes through `SqliteState`, one transaction a batch of steps.
"""

from pzdecl.state.codec import canonical, fingerprint, from_json, row_fingerprint, to_json

__all__ = ["canonical", "fingerprint", "from_json", "row_fingerprint", "to_json"]
