"""A comment as the desk shows it."""

from datetime import timedelta

import pytest

from service.domain import Score, Term
from service.store.database import Database
from service.store.items import QueueItem
from service.text import outline
from service.web.cards import Card, KnownNames, card
from tests.factories import ADMIN, NOW, VIEWER, a_comment, a_site


def show(sqlite: Database, *, author: dict[str, int] | None = None, **changes: object) -> Card:
    with sqlite.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, **changes)  # type: ignore[arg-type]
    return card(QueueItem(comment, author or {"held": 1}), ADMIN, NOW + timedelta(hours=2))


def test_a_long_comment_is_cut_and_says_by_how_much(sqlite: Database) -> None:
    shown = show(sqlite, comment="word " * 1000)

    assert len(shown.text) < 1300
    assert shown.left_out == 3800
    assert shown.text.endswith(" …")


def test_blank_lines_take_no_room_in_the_queue(sqlite: Database) -> None:
    shown = show(sqlite, comment="above" + "\n" * 2000 + "below")

    assert str(shown.text) == "above\n\n\nbelow"
    assert shown.left_out == 0


def test_hosts_are_counted_spelled_out_and_bounded(sqlite: Database) -> None:
    links = " ".join(f"https://h{n}.example/" for n in range(30))

    shown = show(
        sqlite, comment=f"{links} https://h3.example/x", website="https://xn--80ak6aa92e.example"
    )

    assert shown.hosts[0] == ("h3.example", 2)
    assert len(shown.hosts) == 8
    assert shown.more_hosts == 23


def test_a_name_in_foreign_letters_is_shown_as_browsers_ask_for_it_too(sqlite: Database) -> None:
    shown = show(sqlite, comment="Hello.", website="https://xn--mnchen-3ya.example/a")

    assert shown.hosts == (("münchen.example (xn--mnchen-3ya.example)", 1),)


def test_terms_are_bounded(sqlite: Database) -> None:
    score = Score(0.97, "tiny", (Term("x" * 9000, 2.0), Term("barley", -1.0)), 0.2, 0.95)

    shown = show(sqlite, score=score)

    assert len(shown.against[0]) == 62
    assert shown.speaking_for == ("barley",)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"held": 1}, "first comment under this address"),
        ({"held": 2, "published": 1200}, "under this address: 1,200 published, 2 waiting"),
    ],
)
def test_an_author_is_told_in_words(sqlite: Database, counts: dict[str, int], words: str) -> None:
    assert show(sqlite, author=counts).author == words


def test_only_a_network_of_the_address_is_shown(sqlite: Database) -> None:
    assert show(sqlite, address="203.0.113.9").network == "203.0.113.0/24"


def test_buttons_depend_on_the_role_and_on_what_is_left(sqlite: Database) -> None:
    shown = show(sqlite)

    assert shown.may_decide
    assert shown.waits
    assert not card(QueueItem(shown.comment, {}), VIEWER, NOW).may_decide
    assert shown.ago == "2 hours ago"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Max", "moderator's name"),
        ("Mах", "moderator's name"),  # the last two are Cyrillic
        ("News", "site's own name"),
        ("N e w s", "site's own name"),
        ("Eva", ""),  # a moderator of another site
        ("Maxine", ""),
        ("🌾", ""),
    ],
)
def test_s31_a_name_that_looks_like_a_moderator_s_or_the_site_s_is_flagged(
    sqlite: Database, name: str, said: str
) -> None:
    with sqlite.transaction() as conn:
        site = a_site(conn)
        comment = a_comment(conn, name=name)
    known = KnownNames(
        {None: frozenset({outline("max")}), site.id + 1: frozenset({outline("eva")})},
        {site.id: frozenset({outline("news")})},
    )

    shown = card(QueueItem(comment, {"held": 1}), ADMIN, NOW, known=known)

    assert said in shown.posing
    assert bool(said) == bool(shown.posing)
