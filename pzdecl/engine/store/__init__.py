"""What the engine remembers: `engine.db` (SQLite, WAL) and, beside it, folders of data and models."""
