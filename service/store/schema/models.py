"""Models, which of them is in use, and retrainings."""

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, Table, Text

from service.store.columns import Instant, RowId
from service.store.schema.metadata import metadata

model = Table(
    "model",
    metadata,
    Column("name", Text, primary_key=True),
    Column("card", LargeBinary, nullable=False),  # JSON; holds the SHA-256 of the weights
    Column("weights", LargeBinary, nullable=False),  # as in a model's folder
    Column("created_at", Instant, nullable=False),
)

promotion = Table(
    "promotion",
    metadata,
    Column("id", RowId, primary_key=True),  # the last one names the model in use
    Column("model", Text),  # null: the one that came with the program
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("action IN ('promote', 'rollback')", name="action"),
)

shadow = Table(
    "shadow",
    metadata,
    Column("id", RowId, primary_key=True),  # the last one names the model in the shadow
    Column("model", Text),  # null: none
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

retraining = Table(
    "retraining",
    metadata,
    # one more than the last: who is second to write it has lost the race
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("status", Integer),  # what it ended with
    Column("output", Text, nullable=False),
    Column("seen_at", Instant),  # when whoever runs it was last there
)
