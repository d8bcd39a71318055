"""The words of each comment, as its moderators search for them."""

from sqlalchemy import DDL, Column, ForeignKey, Index, Table, event

from service.store.columns import Id, RowId, Words
from service.store.schema.metadata import metadata

search_entry = Table(
    "search_entry",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("comment_id", Id, ForeignKey("comment.id"), nullable=False, unique=True),
    Column("words", Words, nullable=False),
)
Index(
    "ix_search_entry_words", search_entry.c.words, postgresql_using="gin"
).ddl_if(dialect="postgresql")  # fmt: skip

# SQLite's index of words is a table of its own kind, which reads its text in the one above. The
# words come ready: ASCII's rules leave every other letter as it is.
_SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5("
    "words, content='search_entry', content_rowid='id', tokenize='ascii')",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN"
    " INSERT INTO search_words(search_words, rowid, words)"
    " VALUES ('delete', old.id, old.words);"
    " INSERT INTO search_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_words(search_words, rowid, words)"
    " VALUES ('delete', old.id, old.words); END",
)
for _statement in _SQLITE:
    event.listen(search_entry, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
