"""The people of the desk, for admins: who there is, invitations, rights, who is shut out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import structlog
from starlette.responses import Response

from service import review, team
from service.domain import Site
from service.errors import UsageError
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.store.team import Member
from service.team import Rights
from service.vocabulary import Role
from service.web import wording
from service.web.auth import require_actor
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.state import DeskRequest, clock

log = structlog.get_logger()

PEOPLE = "/desk/people"
_MOST_FIELDS = 10_000  # a role for each site
_DONE = {
    "rights": "The rights are changed. The person has to sign in again.",
    "same": "These were the rights already: nothing is changed.",
    "disabled": "Shut out. Every session has ended.",
    "enabled": "Let in again. The password is the one before.",
    "factor-off": "The second factor is off, and every session has ended.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A person in words: a line for each right, when last seen, whether a second factor is on."""

    member: Member
    rights: tuple[str, ...]
    seen: str
    factor: str


async def get_people(request: DeskRequest) -> Response:
    """Everybody the admin has to do with, and a form for one more."""
    return await _list_page(request, await signed_in(request, Role.ADMIN))


async def post_invitation(request: DeskRequest) -> Response:
    """Invite somebody; the answer holds the link, this once."""
    actor, fields = await _sent(request)
    name = fields.get("name", "").strip()
    try:
        rights = _rights(fields, await _own_sites(request, actor))
        link = await team.invite(actor, name, rights, store=request.state["store"], now=clock())
    except UsageError as error:
        return await _list_page(request, actor, error, name)
    log.info("people changed", by=actor.name, who=name, what="invited")
    return _link_page(request, actor, name, link)


async def get_member(request: DeskRequest) -> Response:
    """One person, and what can be done about them."""
    return await _member_page(request, await signed_in(request, Role.ADMIN))


async def post_rights(request: DeskRequest) -> Response:
    """Give a person other rights; their sessions end."""
    actor, fields = await _sent(request)
    moderator_id, store = _member_id(request), request.state["store"]
    try:
        rights = _rights(fields, await _own_sites(request, actor))
        is_new = await team.change_rights(actor, moderator_id, rights, store=store)
    except UsageError as error:
        return await _member_page(request, actor, error)
    if not is_new:
        return _back(request, moderator_id, "same")
    _note(actor, moderator_id, "rights")
    return _back(request, moderator_id, "rights")


async def post_link(request: DeskRequest) -> Response:
    """A new link for somebody locked out; the answer holds it, this once."""
    actor, _fields = await _sent(request)
    moderator_id, store = _member_id(request), request.state["store"]
    try:
        link = await team.renew_link(actor, moderator_id, store=store, now=clock())
    except UsageError as error:
        return await _member_page(request, actor, error)
    member = await team.get_member(actor, moderator_id, store=store)
    _note(actor, moderator_id, "new link")
    return _link_page(request, actor, member.name, link)


async def post_disable(request: DeskRequest) -> Response:
    """Shut a person out."""
    actor, _fields = await _sent(request)
    moderator_id, store = _member_id(request), request.state["store"]
    try:
        await team.disable(actor, moderator_id, store=store, now=clock())
    except UsageError as error:
        return await _member_page(request, actor, error)
    _note(actor, moderator_id, "shut out")
    return _back(request, moderator_id, "disabled")


async def post_enable(request: DeskRequest) -> Response:
    """Let a person in again."""
    actor, _fields = await _sent(request)
    moderator_id = _member_id(request)
    await team.enable(actor, moderator_id, store=request.state["store"])
    _note(actor, moderator_id, "let in again")
    return _back(request, moderator_id, "enabled")


async def post_second_factor(request: DeskRequest) -> Response:
    """Turn somebody else's second factor off."""
    actor, _fields = await _sent(request)
    moderator_id = _member_id(request)
    try:
        await team.reset_second_factor(actor, moderator_id, store=request.state["store"])
    except UsageError as error:
        return await _member_page(request, actor, error)
    log.info("second factor changed", by=actor.name, of=moderator_id, to="off")
    return _back(request, moderator_id, "factor-off")


async def _sent(request: DeskRequest) -> tuple[Actor, Mapping[str, str]]:
    """The admin who sent a form, and its fields."""
    fields = parse_urlencoded(await request.body(), max_fields=_MOST_FIELDS)
    actor = await require_actor(request, Role.ADMIN, csrf=fields.get("csrf", ""))
    return actor, {name: text.replace("\x00", "") for name, text in fields.items()}


async def _own_sites(request: DeskRequest, actor: Actor) -> list[Site]:
    """The sites where the actor is admin."""
    known = await review.list_sites(actor, store=request.state["store"])
    return [site for site in known if actor.may(Role.ADMIN, site.id)]


def _rights(fields: Mapping[str, str], sites: list[Site]) -> Rights:
    """What a form chose: `role` for every site, `role:KEY` for one; nothing is no right."""
    chosen: dict[int | None, str] = {None: fields.get("role", "")}
    chosen |= {site.id: fields.get(f"role:{site.key}", "") for site in sites}
    if any(role and role not in list(Role) for role in chosen.values()):
        raise UsageError("There is no such role.")
    return {site_id: Role(role) for site_id, role in chosen.items() if role}


def _member_id(request: DeskRequest) -> int:
    number: int = request.path_params["id"]
    return number


def _note(actor: Actor, moderator_id: int, what: str) -> None:
    log.info("people changed", by=actor.name, who=moderator_id, what=what)


def _back(request: DeskRequest, moderator_id: int, done: str) -> Response:
    return redirect(request, f"{PEOPLE}/{moderator_id}", done=done)


def _row(member: Member, keys: Mapping[int, str], now: datetime) -> Row:
    """Rights on sites that the admin does not see are left out."""
    lines = [
        f"{role} on every site" if site_id is None else f"{role} on {keys[site_id]}"
        for site_id, role in member.grants.items()
        if site_id is None or site_id in keys
    ]
    seen = "Never seen." if member.seen_at is None else f"Seen {wording.ago(member.seen_at, now)}."
    factor = "Second factor on." if member.has_second_factor else "No second factor."
    return Row(member, tuple(sorted(lines)), seen, factor)


async def _list_page(
    request: DeskRequest, actor: Actor, error: UsageError | None = None, typed: str = ""
) -> Response:
    store, now = request.state["store"], clock()
    sites = await _own_sites(request, actor)
    keys = {site.id: site.key for site in sites}
    members = await team.list_members(actor, store=store)
    context = {
        "rows": [_row(member, keys, now) for member in members],
        "sites": sites,
        "roles": list(Role),
        "held": {},
        "typed": typed,
        "done": "",
        "error": "" if error is None else error.detail,
    }
    return desk_page(request, "desk/people.html", actor, context, 422 if error else 200)


async def _member_page(
    request: DeskRequest, actor: Actor, error: UsageError | None = None
) -> Response:
    store = request.state["store"]
    member = await team.get_member(actor, _member_id(request), store=store)
    sites = await _own_sites(request, actor)
    context = {
        "member": member,
        "row": _row(member, {site.id: site.key for site in sites}, clock()),
        "is_within": member.is_within(actor),
        "is_self": member.id == actor.moderator_id,
        "sites": sites,
        "roles": list(Role),
        "held": member.grants,
        "done": "" if error else _DONE.get(request.query_params.get("done", ""), ""),
        "error": "" if error is None else error.detail,
    }
    return desk_page(request, "desk/member.html", actor, context, 422 if error else 200)


def _link_page(request: DeskRequest, actor: Actor, name: str, link: str) -> Response:
    """The address of the service as people reach it, with the one-time link's secret."""
    state = request.state
    address = state["public_url"] or str(request.base_url).rstrip("/")
    context = {"name": name, "link": f"{address}/desk/welcome?{urlencode({'link': link})}"}
    return desk_page(request, "desk/invitation.html", actor, context)
