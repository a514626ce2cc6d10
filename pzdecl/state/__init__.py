"""What pzdecl manages, in one SQLite file an environment: rows, journal, history, lock.

Planning reads through `Reader`; applying writes through `SqliteState`, which is a `Writer`.
"""

from pzdecl.state.codec import canonical, fingerprint, from_json, row_fingerprint, to_json
from pzdecl.state.errors import StateDamaged, StateTooNew, StateUnwritable
from pzdecl.state.sqlite import SqliteState, open_state
from pzdecl.state.writer import Writer

__all__ = [
    "SqliteState",
    "StateDamaged",
    "StateTooNew",
    "StateUnwritable",
    "Writer",
    "canonical",
    "fingerprint",
    "from_json",
    "open_state",
    "row_fingerprint",
    "to_json",
]
