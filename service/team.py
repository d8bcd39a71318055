"""What admins do about people: invite, change rights, shut out, let in, help who is locked out.

An admin of some sites gives rights on those alone, and acts on whoever has rights nowhere else.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from service.errors import Forbidden, NotFound, UsageError
from service.persons import Actor
from service.store import people, second_factors
from service.store import team as table
from service.store.database import Database
from service.store.team import Member
from service.text import outline
from service.vocabulary import Role

Rights = Mapping[int | None, Role]  # a role for each site; None is every site

_LONGEST_NAME = 100


async def list_members(actor: Actor, *, store: Database) -> list[Member]:
    """The people that the actor, an admin, has to do with. Raises Forbidden.

    All, or those with rights on the sites where the actor is admin.
    """
    _check_leads(actor)
    return [m for m in await store.read(table.list_members) if _is_known(actor, m)]


async def get_member(actor: Actor, moderator_id: int, *, store: Database) -> Member:
    """One of them. Raises Forbidden, NotFound."""
    _check_leads(actor)
    return await store.read(_get_member, actor, moderator_id)


async def invite(actor: Actor, name: str, rights: Rights, *, store: Database, now: datetime) -> str:
    """Add a person with these rights; returns a one-time link's secret, good for three days.

    Raises UsageError for a name that cannot be given or no rights at all, Forbidden.
    """
    _check_leads(actor)
    _check_own(actor, rights)
    if not rights:
        raise UsageError("Choose a role on one site at least.")
    return await store.write(_invite, check_name(name), rights, now)


async def renew_link(actor: Actor, moderator_id: int, *, store: Database, now: datetime) -> str:
    """A new one-time link for somebody locked out; links before are good for nothing.

    Raises Forbidden, NotFound, UsageError.
    """
    _check_leads(actor)
    return await store.write(_renew_link, actor, moderator_id, now)


async def change_rights(
    actor: Actor, moderator_id: int, rights: Rights, *, store: Database
) -> bool:
    """Give a person these rights on the actor's sites; elsewhere theirs stay as they are.

    Their sessions end. False where that is how it was. Raises Forbidden, NotFound, UsageError.
    """
    _check_leads(actor)
    _check_own(actor, rights)
    return await store.write(_change_rights, actor, moderator_id, rights)


async def disable(actor: Actor, moderator_id: int, *, store: Database, now: datetime) -> None:
    """Shut a person out at once. Raises Forbidden, NotFound, UsageError."""
    _check_leads(actor)
    await store.write(_disable, actor, moderator_id, now)


async def enable(actor: Actor, moderator_id: int, *, store: Database) -> None:
    """Let a person in again. Raises Forbidden, NotFound."""
    _check_leads(actor)
    await store.write(_enable, actor, moderator_id)


async def reset_second_factor(actor: Actor, moderator_id: int, *, store: Database) -> None:
    """Turn somebody else's second factor off, and end their sessions.

    Raises Forbidden, NotFound, UsageError.
    """
    _check_leads(actor)
    await store.write(_reset_second_factor, actor, moderator_id)


async def names_of_moderators(*, store: Database) -> dict[int | None, frozenset[str]]:
    """The outlines of moderators' names by site, under None of those with rights everywhere."""
    outlines: dict[int | None, set[str]] = {}
    for name, site_id in await store.glance(table.list_names):
        outlines.setdefault(site_id, set()).add(outline(name))
    return {site_id: frozenset(names) for site_id, names in outlines.items()}


def check_name(text: str) -> str:
    """A name for a person or a token, without blanks around it. Raises UsageError."""
    name = text.strip()
    if not name or len(text) > _LONGEST_NAME or not text.isprintable():
        raise UsageError("A name has 1 to 100 printable characters.")
    if ":" in name or name.casefold() in ("system", "author"):
        raise UsageError(f"The name {name!r} is kept for the service: choose another.")
    return name


def _is_known(actor: Actor, member: Member) -> bool:
    return member.is_within(actor) or any(
        s is not None and actor.may(Role.ADMIN, s) for s in member.grants
    )


def _check_leads(actor: Actor) -> None:
    if not actor.leads:
        raise Forbidden("It takes an admin.")


def _check_own(actor: Actor, rights: Rights) -> None:
    """Raise Forbidden where somebody would give what they do not have."""
    for site_id in rights:
        if not (actor.rules if site_id is None else actor.may(Role.ADMIN, site_id)):
            raise Forbidden("Nobody gives rights on sites where they are not admin.")


def _get_member(conn: Connection, actor: Actor, moderator_id: int) -> Member:
    for member in table.list_members(conn):
        if member.id == moderator_id and _is_known(actor, member):
            return member
    raise NotFound("Nobody here has this number.")


def _own_member(conn: Connection, actor: Actor, moderator_id: int) -> Member:
    """Somebody the actor may act on as a whole."""
    member = _get_member(conn, actor, moderator_id)
    if not member.is_within(actor):
        raise Forbidden("This person has rights on other sites, too: it takes an admin of those.")
    return member


def _invite(conn: Connection, name: str, rights: Rights, now: datetime) -> str:
    moderator_id = people.add_moderator(conn, name, Role.VIEWER, [], now)
    table.set_grants(conn, moderator_id, rights)
    return people.add_sign_in_link(conn, moderator_id, now, people.INVITATION_GOOD_FOR)


def _renew_link(conn: Connection, actor: Actor, moderator_id: int, now: datetime) -> str:
    member = _own_member(conn, actor, moderator_id)
    if member.disabled:
        raise UsageError("This person is shut out: let them in again first.")
    people.end_links(conn, moderator_id)
    return people.add_sign_in_link(conn, moderator_id, now, people.INVITATION_GOOD_FOR)


def _change_rights(conn: Connection, actor: Actor, moderator_id: int, rights: Rights) -> bool:
    member = _get_member(conn, actor, moderator_id)
    kept = {} if actor.rules else _beyond(actor, member)
    wanted = {**kept, **rights}
    if wanted == dict(member.grants):
        return False
    if member.grants.get(None) == Role.ADMIN and wanted.get(None) != Role.ADMIN:
        _check_another_rules(conn, moderator_id)
    table.set_grants(conn, moderator_id, wanted)
    people.end_sessions(conn, moderator_id)
    return True


def _beyond(actor: Actor, member: Member) -> dict[int | None, Role]:
    """The rights of a person that the actor has no say in."""
    return {
        site_id: role
        for site_id, role in member.grants.items()
        if site_id is None or not actor.may(Role.ADMIN, site_id)
    }


def _disable(conn: Connection, actor: Actor, moderator_id: int, now: datetime) -> None:
    member = _own_member(conn, actor, moderator_id)
    if moderator_id == actor.moderator_id:
        raise UsageError("You cannot shut yourself out.")
    if member.grants.get(None) == Role.ADMIN:
        _check_another_rules(conn, moderator_id)
    people.disable_moderator(conn, member.name, now)


def _enable(conn: Connection, actor: Actor, moderator_id: int) -> None:
    _own_member(conn, actor, moderator_id)
    table.enable(conn, moderator_id)


def _reset_second_factor(conn: Connection, actor: Actor, moderator_id: int) -> None:
    _own_member(conn, actor, moderator_id)
    if moderator_id == actor.moderator_id:
        raise UsageError("Turn your own second factor off on your account's page.")
    second_factors.remove_factor(conn, moderator_id)
    people.end_sessions(conn, moderator_id)


def _check_another_rules(conn: Connection, moderator_id: int) -> None:
    if not table.other_rulers(conn, moderator_id):
        raise UsageError("This is the last admin of every site: make somebody else one first.")
