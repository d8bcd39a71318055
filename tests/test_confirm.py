"""What a link in a mail does: once, for its own purpose, for a while, and never by looking."""

import asyncio
from datetime import timedelta

import pytest

from service import confirm
from service.confirm import PROOF_KEPT
from service.deliver import LINK_KEPT
from service.domain import Site
from service.errors import Forbidden
from service.intake.challenge import is_author_token
from service.review import decide
from service.store import audit, sites, subscriptions
from service.store.database import Database
from service.tokens import confirm_token, edit_token, unsubscribe_token
from service.vocabulary import Effect, RuleKind, Status
from tests.desk import Desk
from tests.factories import ADMIN, NOW, SECRET, a_rule, a_site, a_submission, rejecting
from tests.tiny_model import FINE_TEXT, SPAM_TEXT

UNTIL = NOW + LINK_KEPT


@pytest.fixture
def news(desk: Desk) -> Site:
    with desk.database.transaction() as conn:
        return a_site(conn)


def a_wish(desk: Desk, **changes: object) -> tuple[str, str]:
    """A comment whose author asked for a link: its id, and the link's token."""
    written = {"comment": FINE_TEXT, "confirm": True, **changes}
    (receipt,) = desk.take(a_submission(**written))
    return receipt.id, confirm_token(SECRET, receipt.id, UNTIL)


def confirmed(desk: Desk, token: str, now: object = NOW) -> confirm.Confirmed:
    return asyncio.run(
        confirm.confirm(token, store=desk.database, secret=SECRET, now=now)  # type: ignore[arg-type]
    )


def is_told(database: Database, comment_id: str) -> bool:
    with database.transaction() as conn:
        return subscriptions.is_subscribed(conn, comment_id, "ann@mail.example")


def status_of(desk: Desk, comment_id: str) -> Status:
    with desk.database.transaction() as conn:
        return audit.list_entries(conn, comment_id)[-1].to_status


def test_a_proof_is_good_for_its_site_and_address_and_publishes_at_once(
    desk: Desk, news: Site
) -> None:
    _comment_id, token = a_wish(desk)

    done = confirmed(desk, token)

    proof, address = done.author_token, "ann@mail.example"
    assert is_author_token(proof, SECRET, "news", address, NOW + PROOF_KEPT * 0.99)
    assert not is_author_token(proof, SECRET, "news", address, NOW + PROOF_KEPT)
    assert not is_author_token(proof, SECRET, "blog", address, NOW)
    assert not is_author_token(proof, SECRET, "news", "bob@mail.example", NOW)
    first, other = desk.take(
        a_submission(comment="The wheat stood well.", author_token=proof),
        a_submission(comment="The rye stood well.", author_token=proof, email="bob@mail.example"),
    )
    assert (first.status, other.status) == (Status.PUBLISHED, Status.HELD)


def test_the_comment_itself_is_published_if_it_only_wanted_proof(desk: Desk, news: Site) -> None:
    comment_id, token = a_wish(desk)

    assert confirmed(desk, token).published

    with desk.database.transaction() as conn:
        last = audit.list_entries(conn, comment_id)[-1]
    assert (last.actor, last.action) == ("author", "confirm")
    assert (last.from_status, last.to_status) == (Status.HELD, Status.PUBLISHED)


@pytest.mark.parametrize(
    ("held", "changes"),
    [
        ("", {"comment": SPAM_TEXT}),
        ("barley", {}),
        ("", {"comment": f"{FINE_TEXT} " + " ".join(f"https://x{n}.example" for n in range(5))}),
    ],
    ids=["looks like spam", "a word to look at", "many links"],
)
def test_proof_publishes_nothing_that_something_else_speaks_against(
    desk: Desk, news: Site, held: str, changes: dict[str, object]
) -> None:
    with desk.database.transaction() as conn:
        if held:
            a_rule(conn, RuleKind.WORD, held, effect=Effect.HOLD, site=news)
    comment_id, token = a_wish(desk, **changes)

    done = confirmed(desk, token)

    assert done.author_token
    assert not done.published
    assert status_of(desk, comment_id) is Status.HELD


def test_a_rule_made_meanwhile_counts(desk: Desk, news: Site) -> None:
    comment_id, token = a_wish(desk)
    with desk.database.transaction() as conn:
        a_rule(conn, RuleKind.WORD, "barley", effect=Effect.HOLD, site=news)

    assert confirmed(desk, token).author_token
    assert status_of(desk, comment_id) is Status.HELD


@pytest.mark.parametrize("setting", ["attack.mode=on", "publish.proven=off"])
def test_the_rules_of_now_count_and_not_those_of_then(desk: Desk, news: Site, setting: str) -> None:
    comment_id, token = a_wish(desk)
    name, value = setting.split("=")
    with desk.database.transaction() as conn:
        sites.set_settings(conn, "news", {name: value})

    done = confirmed(desk, token)

    assert bool(done.author_token) is (setting != "publish.proven=off")
    assert status_of(desk, comment_id) is Status.HELD


def test_what_a_moderator_has_rejected_stays_so(desk: Desk, news: Site) -> None:
    comment_id, token = a_wish(desk)
    asyncio.run(decide(ADMIN, rejecting(comment_id), store=desk.database, now=NOW))

    assert not confirmed(desk, token).published

    assert status_of(desk, comment_id) is Status.REJECTED


def test_a_comment_that_was_never_scored_is_not_published_by_proof(desk: Desk, news: Site) -> None:
    (receipt,) = asyncio.run(_taken_without_a_model(desk))

    done = confirmed(desk, confirm_token(SECRET, receipt, UNTIL))

    assert not done.published


async def _taken_without_a_model(desk: Desk) -> list[str]:
    async with desk.taking() as take:
        submission = a_submission(comment=FINE_TEXT, confirm=True)
        return [(await take(submission, score=lambda _submission: None)).id]


def test_s36_replies_are_told_of_only_once_the_address_is_confirmed(desk: Desk, news: Site) -> None:
    comment_id, token = a_wish(desk, confirm=False, notify=True)
    assert not is_told(desk.database, comment_id)

    done = confirmed(desk, token)

    assert is_told(desk.database, comment_id)
    assert done.replies
    assert done.author_token == ""  # only what was asked for
    assert not done.published


def test_a_proven_author_is_told_of_replies_without_another_letter(desk: Desk, news: Site) -> None:
    _comment_id, token = a_wish(desk)
    proof = confirmed(desk, token).author_token

    (receipt,) = desk.take(a_submission(comment="The wheat, too.", author_token=proof, notify=True))

    assert is_told(desk.database, receipt.id)
    assert desk.rows()["outbox"] == 1  # the first one's


def test_s34_a_link_is_good_once(desk: Desk, news: Site) -> None:
    _comment_id, token = a_wish(desk)
    for _look in range(3):
        asyncio.run(confirm.look(token, store=desk.database, secret=SECRET, now=NOW))

    confirmed(desk, token)

    with pytest.raises(Forbidden, match="used before"):
        confirmed(desk, token)
    with pytest.raises(Forbidden, match="used before"):
        asyncio.run(confirm.look(token, store=desk.database, secret=SECRET, now=NOW))


def test_s34_of_two_that_use_a_link_at_once_one_is_refused(desk: Desk, news: Site) -> None:
    _comment_id, token = a_wish(desk)

    async def scenario() -> list[object]:
        using = [
            confirm.confirm(token, store=desk.database, secret=SECRET, now=NOW) for _ in range(4)
        ]
        return list(await asyncio.gather(*using, return_exceptions=True))

    outcomes = asyncio.run(scenario())
    assert sum(isinstance(one, confirm.Confirmed) for one in outcomes) == 1
    assert sum(isinstance(one, Forbidden) for one in outcomes) == 3


def test_s34_a_link_expires(desk: Desk, news: Site) -> None:
    _comment_id, token = a_wish(desk)

    with pytest.raises(Forbidden, match="too old"):
        confirmed(desk, token, UNTIL + timedelta(seconds=1))

    confirmed(desk, token, UNTIL)


def test_s34_no_other_token_and_no_change_to_one_does_anything(desk: Desk, news: Site) -> None:
    comment_id, token = a_wish(desk)
    other_id, _other = a_wish(desk, comment="The wheat.", email="bob@mail.example")
    _id, until, signature = token.split(".")
    forged = [
        "", ".", "..", token[:-1], token + "A", f"{other_id}.{until}.{signature}",
        f"{comment_id}.{int(until) + 1}.{signature}", f"{comment_id}.{until}.{'A' * 32}",
        edit_token(SECRET, comment_id), unsubscribe_token(SECRET, comment_id),
        confirm_token(b"x" * 32, comment_id, UNTIL), "\ud800", "\x00",
    ]  # fmt: skip

    for text in forged:
        with pytest.raises(Forbidden, match="not one of ours"):
            confirmed(desk, text)
    for text in [*forged, token]:
        if text != unsubscribe_token(SECRET, comment_id):
            with pytest.raises(Forbidden, match="not one of ours"):
                asyncio.run(
                    confirm.unsubscribe(text, everywhere=True, store=desk.database, secret=SECRET)
                )
    assert confirmed(desk, token).author_token


def test_s36_an_end_of_mails_is_of_one_address_and_one_page_or_all_of_the_site(
    desk: Desk, news: Site
) -> None:
    ids = {}
    for name, email, page in (
        ("here", "ann@mail.example", "a"), ("again", "Ann@mail.example", "a"),
        ("there", "ann@mail.example", "b"), ("other", "a_n@mail.example", "a"),
    ):  # fmt: skip
        ids[name], token = a_wish(
            desk, notify=True, email=email, comment=f"{FINE_TEXT} {name}",
            page_url=f"https://news.example/{page}",
        )  # fmt: skip
        confirmed(desk, token)

    def end(name: str, *, everywhere: bool) -> None:
        token = unsubscribe_token(SECRET, ids[name])
        asyncio.run(
            confirm.unsubscribe(token, everywhere=everywhere, store=desk.database, secret=SECRET)
        )

    end("here", everywhere=False)
    end("here", everywhere=False)  # again, and nothing is wrong
    assert [is_told(desk.database, ids[n]) for n in ("here", "again", "there")] == [
        False, False, True,
    ]  # fmt: skip
    end("here", everywhere=True)
    assert not is_told(desk.database, ids["there"])
    with desk.database.transaction() as conn:
        assert subscriptions.is_subscribed(conn, ids["other"], "a_n@mail.example")
