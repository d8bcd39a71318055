"""Admins and people: nobody gives more than they have, and somebody can always come in."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from service import people, team
from service.errors import Forbidden, NotFound, Unauthorized, UsageError
from service.persons import Actor
from service.store import people as table
from service.store.database import Database
from service.store.people import INVITATION_GOOD_FOR
from service.store.team import Member
from service.vocabulary import Role
from tests.factories import NOW, a_site

T = TypeVar("T")
RULER = Actor("root", {None: Role.ADMIN})


def run(call: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(call)


class Desk:
    """Two sites, and people with rights here and there."""

    def __init__(self, store: Database) -> None:
        self.store = store
        with store.transaction() as conn:
            self.news, self.blog = a_site(conn).id, a_site(conn, "blog").id
        self.ada = self.add("ada", {None: Role.ADMIN})
        self.nils = self.add("nils", {self.news: Role.ADMIN})
        self.mia = self.add("mia", {self.news: Role.MODERATOR})
        self.both = self.add("bo", {self.news: Role.VIEWER, self.blog: Role.MODERATOR})
        self.far = self.add("fay", {self.blog: Role.VIEWER})

    def add(self, name: str, rights: dict[int | None, Role]) -> Actor:
        run(team.invite(RULER, name, rights, store=self.store, now=NOW))
        return Actor(name, rights, self.member(name).id)

    def member(self, name: str) -> Member:
        (found,) = [m for m in run(team.list_members(RULER, store=self.store)) if m.name == name]
        return found

    def change(self, by: Actor, whom: Actor, rights: dict[int | None, Role]) -> bool:
        assert whom.moderator_id is not None
        return run(team.change_rights(by, whom.moderator_id, rights, store=self.store))


@pytest.fixture
def place(database: Database) -> Desk:
    return Desk(database)


def id_of(actor: Actor) -> int:
    assert actor.moderator_id is not None
    return actor.moderator_id


def test_an_invitation_sets_a_password_once_within_three_days(place: Desk) -> None:
    store = place.store
    link = run(team.invite(place.ada, "kim", {None: Role.VIEWER}, store=store, now=NOW))
    late = NOW + INVITATION_GOOD_FOR
    in_time = late - timedelta(seconds=1)

    assert run(people.find_invited(link, store=store, now=in_time)) == "kim"
    with pytest.raises(Unauthorized):
        run(people.welcome(link, "a walk in the rain", store=store, now=late))
    assert run(people.welcome(link, "a walk in the rain", store=store, now=in_time))
    with pytest.raises(Unauthorized):
        run(people.welcome(link, "a walk in the rain", store=store, now=in_time))
    assert place.member("kim").has_password


def test_a_new_link_makes_those_before_good_for_nothing(place: Desk) -> None:
    store, mia = place.store, id_of(place.mia)
    old = run(team.renew_link(place.nils, mia, store=store, now=NOW))
    new = run(team.renew_link(place.nils, mia, store=store, now=NOW))

    found = [run(people.find_invited(link, store=store, now=NOW)) for link in (old, new)]

    assert found == [None, "mia"]


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 101, "a\nb", "token:x", "system", "Author", "mia", "a\u202eb"]
)
def test_a_name_is_printable_one_s_own_and_not_the_service_s(place: Desk, name: str) -> None:
    with pytest.raises(UsageError):
        run(team.invite(RULER, name, {None: Role.VIEWER}, store=place.store, now=NOW))


def test_s30_an_admin_of_a_site_sees_whoever_has_rights_there(place: Desk) -> None:
    seen = run(team.list_members(place.nils, store=place.store))

    assert [member.name for member in seen] == ["bo", "mia", "nils"]
    with pytest.raises(NotFound):
        run(team.get_member(place.nils, id_of(place.far), store=place.store))


def test_s30_an_admin_of_a_site_gives_rights_on_it_alone(place: Desk) -> None:
    store = place.store
    for rights in ({None: Role.VIEWER}, {place.blog: Role.VIEWER}):
        with pytest.raises(Forbidden):
            run(team.invite(place.nils, "new", rights, store=store, now=NOW))  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            place.change(place.nils, place.mia, rights)  # type: ignore[arg-type]
    assert run(team.invite(place.nils, "new", {place.news: Role.ADMIN}, store=store, now=NOW))


def test_rights_elsewhere_stay_as_they_are(place: Desk) -> None:
    assert place.change(place.nils, place.both, {place.news: Role.MODERATOR})
    assert place.member("bo").grants == {
        place.news: Role.MODERATOR, place.blog: Role.MODERATOR,
    }  # fmt: skip

    assert place.change(place.nils, place.both, {})
    assert place.member("bo").grants == {place.blog: Role.MODERATOR}


@pytest.mark.parametrize("whom", ["both", "ada", "far"])
def test_s30_who_has_rights_elsewhere_is_shut_out_or_let_in_by_an_admin_of_those_alone(
    place: Desk, whom: str
) -> None:
    target, store = id_of(getattr(place, whom)), place.store
    calls = (
        lambda: team.disable(place.nils, target, store=store, now=NOW),
        lambda: team.enable(place.nils, target, store=store),
        lambda: team.renew_link(place.nils, target, store=store, now=NOW),
        lambda: team.reset_second_factor(place.nils, target, store=store),
    )

    for call in calls:
        with pytest.raises((Forbidden, NotFound)):
            run(call())


def test_whoever_has_no_rights_left_is_for_admins_of_every_site(place: Desk) -> None:
    assert place.change(place.nils, place.mia, {})

    with pytest.raises(NotFound):
        run(team.renew_link(place.nils, id_of(place.mia), store=place.store, now=NOW))
    assert run(team.renew_link(place.ada, id_of(place.mia), store=place.store, now=NOW))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR])
def test_s30_who_is_no_admin_does_nothing_about_people(place: Desk, role: Role) -> None:
    nobody, store, mia = Actor("x", {None: role}), place.store, id_of(place.mia)
    calls = (
        lambda: team.list_members(nobody, store=store),
        lambda: team.get_member(nobody, mia, store=store),
        lambda: team.invite(nobody, "new", {}, store=store, now=NOW),
        lambda: team.change_rights(nobody, mia, {}, store=store),
        lambda: team.disable(nobody, mia, store=store, now=NOW),
        lambda: team.enable(nobody, mia, store=store),
        lambda: team.renew_link(nobody, mia, store=store, now=NOW),
        lambda: team.reset_second_factor(nobody, mia, store=store),
    )

    for call in calls:
        with pytest.raises(Forbidden):
            run(call())


def test_s26_other_rights_end_every_session_and_the_same_rights_none(place: Desk) -> None:
    with place.store.transaction() as conn:
        secret = table.add_session(conn, id_of(place.mia), NOW)

    def is_in() -> bool:
        return run(people.find_session(secret, store=place.store, now=NOW)) is not None

    assert not place.change(place.ada, place.mia, {place.news: Role.MODERATOR})
    assert is_in()
    assert place.change(place.ada, place.mia, {place.news: Role.VIEWER})
    assert not is_in()


def test_the_last_admin_of_every_site_can_be_neither_shut_out_nor_demoted(place: Desk) -> None:
    ada, store = id_of(place.ada), place.store
    with pytest.raises(UsageError, match="last admin"):
        place.change(place.ada, place.ada, {None: Role.MODERATOR})
    with pytest.raises(UsageError, match="last admin"):
        run(team.disable(RULER, ada, store=store, now=NOW))

    eve = place.add("eve", {None: Role.ADMIN})
    run(team.disable(place.ada, id_of(eve), store=store, now=NOW))
    with pytest.raises(UsageError, match="last admin"):  # one shut out does not count
        place.change(place.ada, place.ada, {})


def test_of_two_admins_who_demote_each_other_at_once_one_stays(place: Desk) -> None:
    eve = place.add("eve", {None: Role.ADMIN})
    together = threading.Barrier(2)
    other = Database(place.store._writer_engine.url)  # another process's, as it were
    other.start()

    def demote(by: Actor, whom: Actor, store: Database) -> None:
        together.wait(10)
        with suppress(UsageError):
            run(team.change_rights(by, id_of(whom), {None: Role.VIEWER}, store=store))

    threads = [
        threading.Thread(target=demote, args=(place.ada, eve, place.store)),
        threading.Thread(target=demote, args=(eve, place.ada, other)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    other.stop()

    roles = [place.member(name).grants.get(None) for name in ("ada", "eve")]
    assert roles.count(Role.ADMIN) == 1


def test_nobody_shuts_themself_out_and_who_was_shut_out_can_be_let_in_again(place: Desk) -> None:
    store, eve = place.store, place.add("eve", {None: Role.ADMIN})
    with pytest.raises(UsageError, match="yourself"):
        run(team.disable(eve, id_of(eve), store=store, now=NOW))

    run(team.disable(place.nils, id_of(place.mia), store=store, now=NOW))
    assert place.member("mia").disabled
    with pytest.raises(UsageError, match="shut out"):
        run(team.renew_link(place.nils, id_of(place.mia), store=store, now=NOW))
    run(team.enable(place.nils, id_of(place.mia), store=store))
    assert not place.member("mia").disabled
