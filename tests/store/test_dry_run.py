"""A trial reads the newest comments, chunk by chunk, and says what a rule would have met."""

from datetime import timedelta

from service.rulebook import Rule, RuleBook
from service.store import dry_run
from service.store.database import Database
from service.vocabulary import Effect, RuleKind, Status
from tests.factories import NOW, a_comment, a_site, some_comments

BARLEY = RuleBook([Rule("one", RuleKind.WORD, Effect.BLOCK, "barley")])


def test_more_than_a_chunk_is_read_newest_first_and_no_more_than_asked(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 530)
        everything, read = dry_run.find_met(conn, BARLEY, None, now=NOW, most=1000)
        some, read_some = dry_run.find_met(conn, BARLEY, None, now=NOW, most=510)

    assert ([comment_id for comment_id, _ in everything], read) == (ids[::-1], 530)
    assert (len(some), read_some) == (510, 510)


def test_only_these_sites_this_time_and_what_waits_are_looked_at(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        other = a_site(conn, "blog", origin="https://blog.example")
        a_comment(conn, now=NOW - timedelta(days=8))
        held = a_comment(conn)
        seen = a_comment(conn, status=Status.PUBLISHED)
        a_comment(conn, comment="Rye.")
        since = NOW - timedelta(days=7)

        recent, read = dry_run.find_met(conn, BARLEY, {site.id}, since=since, now=NOW, most=99)
        waiting, _ = dry_run.find_met(
            conn, BARLEY, {site.id}, since=since, now=NOW, most=99, only_held=True
        )
        foreign, _ = dry_run.find_met(conn, BARLEY, {other.id}, now=NOW, most=99)

    assert dict(recent) == {held.id: Status.HELD, seen.id: Status.PUBLISHED}
    assert read == 3
    assert waiting == [(held.id, Status.HELD)]
    assert foreign == []
