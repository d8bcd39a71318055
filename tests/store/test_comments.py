"""Comments as stored, and the one function that changes a status."""

from datetime import timedelta

import pytest
from sqlalchemy import exc, insert, update

from service.domain import AuthorHistory, Cluster, Signal, Term, Verdict
from service.store import audit, comments, decisions, forgetting, schema, threads
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Band, Code, Outcome, Reason, Status
from tests.factories import NOW, PAGE, SPAM, a_comment, a_site, a_submission, rejecting


def test_a_comment_comes_back_as_it_was_stored(database: Database) -> None:
    reasons = (Signal(Code.TOO_MANY_LINKS, "4"), Signal(Code.SCORE_SPAM))
    with database.transaction() as conn:
        site = a_site(conn)
        parent = a_comment(conn, status=Status.PUBLISHED)
        stored = a_comment(
            conn,
            score=SPAM,
            reasons=reasons,
            cluster=Cluster("00ff", 4),
            parent_id=parent.id,
            website="https://ann.example",
            comment="Two\nlines, *bold* — and “quotes” 🌾",
            now=NOW + timedelta(microseconds=123_456),
        )

    assert (stored.site_id, stored.site, stored.page_url) == (site.id, "news", PAGE)
    assert (stored.page_title, stored.parent_id) == ("The harvest", parent.id)
    assert (stored.name, stored.email) == ("Ann", "ann@mail.example")
    assert (stored.website, stored.lang) == ("https://ann.example", "en")
    assert stored.comment == "Two\nlines, *bold* — and “quotes” 🌾"
    assert (stored.status, stored.verdict, stored.reasons) == (Status.HELD, Outcome.HOLD, reasons)
    assert (stored.score, stored.model, stored.band) == (0.97, "tiny", Band.LIKELY_SPAM)
    assert stored.terms == (Term("casino", 2.5),)
    assert (stored.cluster, stored.address) == ("00ff", "203.0.113.9")
    assert stored.created_at == NOW + timedelta(microseconds=123_456)
    assert (stored.edited_at, stored.version, stored.decision_id) == (None, 1, None)
    assert (stored.claimed_by, stored.claimed_until) == ("", None)


def test_an_unscored_comment_has_no_score_and_says_so(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        stored = a_comment(conn, score=None)

    assert (stored.score, stored.band, stored.terms) == (None, Band.UNSCORED, ())


def test_an_unknown_id_finds_nothing(database: Database) -> None:
    with database.transaction() as conn:
        assert comments.find_comment(conn, new_id(NOW)) is None


@pytest.mark.parametrize("status", [Status.PUBLISHED, Status.HELD, Status.REJECTED])
def test_only_what_readers_see_is_rendered_and_counted(database: Database, status: Status) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        stored = a_comment(conn, status=status, comment="*Hello*")
        html = conn.scalar(schema.comment.select().with_only_columns(schema.comment.c.html))
        thread = threads.find_thread(conn, site.id, PAGE)

        assert thread is not None
        assert thread.published == (status is Status.PUBLISHED)
        assert html == ("<p><em>Hello</em></p>\n" if status is Status.PUBLISHED else None)
        assert comments.is_published(conn, stored.id, thread.id) == (status is Status.PUBLISHED)
        assert not comments.is_published(conn, stored.id, thread.id + 1)


def test_a_status_changes_with_its_audit_entry_and_ends_a_claim(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        conn.execute(
            update(schema.comment).values(claimed_by="max", claimed_until=NOW + timedelta(hours=1))
        )
        changed = comments.change_status(
            conn, comment, Status.PUBLISHED, actor="max", action="approve", detail="why",
            now=NOW,
        )  # fmt: skip
        after = comments.find_comment(conn, comment.id)
        trail = audit.list_entries(conn, comment.id)

    assert changed
    assert after is not None
    assert (after.status, after.version) == (Status.PUBLISHED, 2)
    assert (after.claimed_by, after.claimed_until) == ("", None)
    assert [(e.actor, e.action, e.from_status, e.to_status, e.detail) for e in trail] == [
        ("system", "hold", None, Status.HELD, ""),
        ("max", "approve", Status.HELD, Status.PUBLISHED, "why"),
    ]


def test_a_stale_version_changes_nothing_at_all(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        comment = a_comment(conn)
        for expected in (True, False):
            assert expected is comments.change_status(
                conn, comment, Status.PUBLISHED, actor="max", action="approve", now=NOW
            )
        thread = threads.find_thread(conn, site.id, PAGE)

        assert thread is not None
        assert thread.published == 1
        assert len(audit.list_entries(conn, comment.id)) == 2


@pytest.mark.parametrize("origin", [Status.HELD, Status.PUBLISHED, Status.REJECTED])
@pytest.mark.parametrize("target", list(Status))
def test_the_count_follows_every_change_of_status(
    database: Database, origin: Status, target: Status
) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        a_comment(conn, status=Status.PUBLISHED, email="bob@mail.example")
        comment = a_comment(conn, status=origin)
        before = threads.find_thread(conn, site.id, PAGE)
        comments.change_status(conn, comment, target, actor="max", action="x", now=NOW)
        after = threads.find_thread(conn, site.id, PAGE)

    assert before is not None
    assert after is not None
    assert after.published == 1 + (target is Status.PUBLISHED)
    seen = Status.PUBLISHED in (origin, target)
    assert (after.revision > before.revision) == seen


def test_an_edit_keeps_the_new_text_with_its_own_verdict(database: Database) -> None:
    verdict = Verdict(Outcome.HOLD, (Signal(Code.SCORE_SPAM),))
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)
        later = NOW + timedelta(minutes=1)
        comments.change_text(
            conn, comment, "Win big", score=SPAM, band=Band.LIKELY_SPAM, verdict=verdict, now=later
        )
        after = comments.find_comment(conn, comment.id)

    assert after is not None
    assert (after.comment, after.edited_at) == ("Win big", later)
    assert (after.verdict, after.reasons, after.score) == (
        verdict.outcome,
        verdict.reasons,
        SPAM.probability,
    )


def test_erasing_leaves_nothing_a_person_wrote(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(
            conn, status=Status.PUBLISHED, score=SPAM, website="https://ann.example"
        )
        comments.change_status(conn, comment, Status.REMOVED, actor="author", action="x", now=NOW)
        forgetting.erase_text(conn, comment.id)
        row = conn.execute(schema.comment.select()).one()

    written = {comment.name, comment.email, comment.website, comment.comment, comment.address}
    assert written.isdisjoint(map(str, row))
    assert (row.html, row.terms) == (None, "[]")


def test_the_history_counts_what_was_decided_about_an_address_on_this_site(
    database: Database,
) -> None:
    with database.transaction() as conn:
        site, blog = a_site(conn), a_site(conn, "blog")
        assert comments.author_history(conn, site.id, "ann@mail.example") == AuthorHistory()
        for status in (Status.PUBLISHED, Status.PUBLISHED, Status.HELD):
            a_comment(conn, status=status)
        for reason in (Reason.SPAM, Reason.ABUSE):
            rejected = a_comment(conn, now=NOW + timedelta(days=1))
            decision_id = new_id(NOW)
            decisions.add(conn, decision_id, rejecting(rejected.id, reason=reason), "max", NOW)
            comments.change_status(
                conn, rejected, Status.REJECTED, actor="max", action="reject",
                decision_id=decision_id, now=NOW,
            )  # fmt: skip
        a_comment(conn, site="blog")
        a_comment(conn, email="bob@mail.example")

        assert comments.author_history(conn, site.id, "ann@mail.example") == AuthorHistory(
            published=2, rejected=2, spam=1, held=1, first_seen=NOW
        )
        assert comments.author_history(conn, blog.id, "ann@mail.example").held == 1


@pytest.mark.parametrize("column", ["status", "verdict"])
def test_the_database_itself_refuses_a_status_that_does_not_exist(
    database: Database, column: str
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn)
        with pytest.raises(exc.IntegrityError), conn.begin_nested():
            conn.execute(update(schema.comment).values({column: "fine"}))


def test_the_database_itself_refuses_a_comment_without_its_thread_or_parent(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        row = dict(conn.execute(schema.comment.select()).one()._mapping)
        for broken in ({"thread_id": 99}, {"site_id": 99}, {"parent_id": new_id(NOW)}):
            with pytest.raises(exc.IntegrityError), conn.begin_nested():
                conn.execute(insert(schema.comment).values(row | {"id": new_id(NOW)} | broken))

        assert comments.find_comment(conn, comment.id) == comment


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        with pytest.raises(exc.StatementError, match="without a zone"), conn.begin_nested():
            a_comment(conn, now=NOW.replace(tzinfo=None), comment=a_submission().comment)
