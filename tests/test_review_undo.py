"""Taking decisions back, and the queue as a machine that never hands a comment out twice."""

import asyncio
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from service import review
from service.domain import AuditEntry, Conflict, DecisionResult
from service.errors import Forbidden, NotFound
from service.persons import Actor
from service.store import audit, comments, queue, schema, sites
from service.store.database import Database
from service.store.queue import LEASE
from service.tokens import new_id
from service.vocabulary import Role, Status
from tests.factories import (
    ADMIN,
    MODERATOR,
    NOW,
    PAGE,
    a_comment,
    a_site,
    approving,
    rejecting,
    some_comments,
)

EVA = Actor("eva", {None: Role.MODERATOR})


def decide(database: Database, actor: Actor, *decisions: Any) -> list[str]:
    """The ids of these decisions, made one after the other."""

    async def scenario() -> list[str]:
        return [
            (await review.decide(actor, decision, store=database, now=NOW)).decision_id
            for decision in decisions
        ]

    return asyncio.run(scenario())


def undo(database: Database, actor: Actor, decision_id: str) -> DecisionResult:
    return asyncio.run(review.undo(actor, decision_id, store=database, now=NOW))


def test_a_whole_decision_is_taken_back_with_its_label(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 3)
    (decision_id,) = decide(database, MODERATOR, rejecting(*ids))

    result = undo(database, MODERATOR, decision_id)

    assert set(result.changed) == set(ids)
    with database.transaction() as conn:
        for comment_id in ids:
            comment = comments.find_comment(conn, comment_id)
            assert comment is not None
            assert (comment.status, comment.decision_id) == (Status.HELD, None)
            last = audit.list_entries(conn, comment_id)[-1]
            assert (last.actor, last.action, last.to_status) == ("max", "undo", Status.HELD)
        site = sites.get_site(conn, "news")
        history = comments.author_history(conn, site.id, "author0@mail.example")
    assert (history.rejected, history.spam) == (0, 0)


def test_taking_back_a_second_thought_restores_the_first_decision(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
    first, second = decide(database, MODERATOR, approving(comment.id), rejecting(comment.id))

    undo(database, MODERATOR, second)

    with database.transaction() as conn:
        after = comments.find_comment(conn, comment.id)
    assert after is not None
    assert (after.status, after.decision_id) == (Status.PUBLISHED, first)


def test_what_changed_since_is_a_conflict_and_the_rest_is_taken_back(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        one, two = some_comments(conn, 2)
    first, _ = decide(database, MODERATOR, approving(one, two), rejecting(two))

    result = undo(database, MODERATOR, first)

    assert result.changed == (one,)
    assert result.conflicts == (Conflict(two, Status.REJECTED, "max"),)
    with pytest.raises(NotFound):
        undo(database, MODERATOR, first)


def test_when_everything_changed_since_the_decision_stands(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
    first, second = decide(database, MODERATOR, approving(comment.id), rejecting(comment.id))

    assert undo(database, MODERATOR, first).changed == ()

    undo(database, MODERATOR, second)
    assert undo(database, MODERATOR, first).conflicts  # its version has passed for good


def test_somebody_else_s_decision_takes_an_admin(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        comment = a_comment(conn)
    (decision_id,) = decide(database, MODERATOR, approving(comment.id))

    with pytest.raises(Forbidden):
        undo(database, EVA, decision_id)
    for outsider in (Actor("out", {site.id + 1: Role.ADMIN}), Actor("vera", {None: Role.VIEWER})):
        with pytest.raises(NotFound):
            undo(database, outsider, decision_id)
    assert undo(database, ADMIN, decision_id).changed == (comment.id,)


def test_a_decision_over_two_sites_is_taken_back_whole_or_not_at_all(database: Database) -> None:
    with database.transaction() as conn:
        site, _ = a_site(conn), a_site(conn, "blog")
        ids = [a_comment(conn).id, a_comment(conn, site="blog").id]
    (decision_id,) = decide(database, MODERATOR, approving(*ids))

    with pytest.raises(NotFound):
        undo(database, Actor("ann", {site.id: Role.ADMIN}), decision_id)

    with database.transaction() as conn:
        found = [comments.find_comment(conn, id_) for id_ in ids]
    assert {comment.status for comment in found if comment} == {Status.PUBLISHED}


@pytest.mark.parametrize("times", [1, 2])
def test_a_decision_that_is_unknown_or_undone_is_not_found(database: Database, times: int) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
    (decision_id,) = decide(database, MODERATOR, approving(comment.id))
    if times == 2:
        undo(database, MODERATOR, decision_id)

    with pytest.raises(NotFound):
        undo(database, MODERATOR, decision_id if times == 2 else new_id(NOW))


def replayed(entries: list[AuditEntry]) -> Status | None:
    """The status that a trail leads to; each line starts where the one before ended."""
    status: Status | None = None
    for entry in entries:
        assert entry.from_status is status
        status = entry.to_status
    return status


class Queue(RuleBasedStateMachine):
    """Arrive, claim, wait, decide, release, undo: in any order, with a clock of its own."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.conn = self.open.enter_context(self.database.transaction())
        a_site(self.conn)
        self.now = NOW
        self.claims: dict[str, tuple[str, datetime]] = {}  # comment → who, until when
        self.decisions: list[str] = []

    def teardown(self) -> None:
        self.conn.rollback()
        self.open.close()

    @rule(status=st.sampled_from([Status.HELD, Status.HELD, Status.PUBLISHED]))
    def arrive(self, status: Status) -> None:
        self.now += timedelta(milliseconds=1)
        a_comment(self.conn, status=status, now=self.now)

    @rule(seconds=st.integers(1, int(LEASE.total_seconds())))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(name=st.sampled_from(["max", "eva", "ida"]), limit=st.integers(1, 4))
    def claim(self, name: str, limit: int) -> None:
        claimed = queue.claim_next(self.conn, None, name, limit, self.now)
        assert len(claimed) <= limit
        for comment in claimed:
            assert comment.status is Status.HELD
            holder, until = self.claims.get(comment.id, (name, self.now))
            assert holder == name or until <= self.now, "handed out to two"
            self.claims[comment.id] = (name, self.now + LEASE)
        if len(claimed) < limit:  # nothing free was kept back
            held = self.ids(Status.HELD)
            free = {c for c in held if self.claims.get(c, (name,))[0] == name or self.ended(c)}
            assert free <= {comment.id for comment in claimed}

    @precondition(lambda self: self.claims)
    @rule(pick=st.integers(0, 99), name=st.sampled_from(["max", "eva"]))
    def release(self, pick: int, name: str) -> None:
        comment_id = sorted(self.claims)[pick % len(self.claims)]
        own = self.claims[comment_id][0] == name
        assert queue.release(self.conn, name, [comment_id]) == own
        if own:
            del self.claims[comment_id]

    @rule(pick=st.integers(0, 99), approve=st.booleans())
    def decide(self, pick: int, approve: bool) -> None:
        ids = self.ids(*Status)
        if not ids:
            return
        comment_id = ids[pick % len(ids)]
        decision = approving(comment_id) if approve else rejecting(comment_id)
        result = review._decide(self.conn, MODERATOR, decision, self.now)
        if result.changed:
            self.decisions.append(result.decision_id)
            self.claims.pop(comment_id, None)

    @precondition(lambda self: self.decisions)
    @rule(pick=st.integers(0, 99))
    def undo(self, pick: int) -> None:
        decision_id = self.decisions[pick % len(self.decisions)]
        result = review._undo(self.conn, MODERATOR, decision_id, self.now)
        if result.changed:
            self.decisions.remove(decision_id)
            for comment_id in result.changed:
                self.claims.pop(comment_id, None)

    @invariant()
    def the_audit_replayed_is_the_status(self) -> None:
        for row in self.conn.execute(select(schema.comment.c.id, schema.comment.c.status)):
            assert replayed(audit.list_entries(self.conn, row.id)) == row.status

    @invariant()
    def the_count_is_a_recount(self) -> None:
        counted = self.conn.scalar(
            select(schema.thread.c.published).where(schema.thread.c.url == PAGE)
        )
        recount = select(func.count()).where(schema.comment.c.status == Status.PUBLISHED)
        assert (counted or 0) == self.conn.scalar(recount)

    def ids(self, *statuses: Status) -> list[str]:
        query = select(schema.comment.c.id).where(schema.comment.c.status.in_(statuses))
        return list(self.conn.scalars(query.order_by(schema.comment.c.id)))

    def ended(self, comment_id: str) -> bool:
        return self.claims[comment_id][1] <= self.now


def test_the_queue_stays_whole_in_whatever_order_things_happen(database: Database) -> None:
    class OnDatabase(Queue):
        pass

    OnDatabase.database = database
    run_state_machine_as_test(
        OnDatabase,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
