"""The desk's notes on comments and authors, and the page of snippets for rejecting."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from service import annotate, review
from service.domain import Comment
from service.errors import InvalidSubmission
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.vocabulary import Role
from service.web.auth import require_actor
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.query import path_id
from service.web.state import DeskRequest, clock

SNIPPETS = "/desk/snippets"


async def notes_on(request: DeskRequest, actor: Actor, about: Sequence[Comment]) -> dict[str, Any]:
    """What cards show beside the comments: notes by comment id, snippets by site id."""
    store = request.state["store"]
    return {
        "notes": await annotate.read_notes(about, store=store) if about else {},
        "snippets": await annotate.read_snippets(actor, store=store) if actor.moderates else {},
    }


async def post_note(request: DeskRequest) -> Response:
    """Write a note on a comment or its author, then back to where the moderator was."""
    actor, fields = await _moderator(request)
    await annotate.add_note(
        actor, path_id(request), fields.get("text", ""), on_author=fields.get("about") == "author",
        store=request.state["store"], now=clock(),
    )  # fmt: skip
    return redirect(request, fields.get("back", ""))


async def post_remove_note(request: DeskRequest) -> Response:
    """Delete a note, then back to where the moderator was."""
    actor, fields = await _moderator(request)
    await annotate.remove_note(actor, path_id(request), store=request.state["store"])
    return redirect(request, fields.get("back", ""))


async def get_snippets(request: DeskRequest) -> Response:
    """The snippets of each site, to be changed, removed and added."""
    return await _snippets_page(request, await signed_in(request, Role.MODERATOR))


async def post_snippet(request: DeskRequest) -> Response:
    """Add a snippet to a site."""
    actor, fields = await _moderator(request)
    store = request.state["store"]
    try:
        await annotate.add_snippet(
            actor, fields.get("site", ""), fields.get("text", ""), store=store, now=clock()
        )
    except InvalidSubmission as error:
        return await _snippets_page(request, actor, error.detail)
    return redirect(request, SNIPPETS)


async def post_change_snippet(request: DeskRequest) -> Response:
    """Give a snippet another text, or remove it with an empty one."""
    actor, fields = await _moderator(request)
    text = "" if fields.get("do") == "remove" else fields.get("text", "")
    store = request.state["store"]
    try:
        await annotate.change_snippet(actor, path_id(request), text, store=store)
    except InvalidSubmission as error:
        return await _snippets_page(request, actor, error.detail)
    return redirect(request, SNIPPETS)


async def _moderator(request: DeskRequest) -> tuple[Actor, Mapping[str, str]]:
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    return actor, fields


async def _snippets_page(request: DeskRequest, actor: Actor, slip: str = "") -> Response:
    store = request.state["store"]
    sites = await review.list_sites(actor, store=store)
    context = {
        "slip": slip,
        "sites": [site for site in sites if actor.may(Role.MODERATOR, site.id)],
        "snippets": await annotate.read_snippets(actor, store=store),
        "most": annotate.MOST_SNIPPETS,
    }
    return desk_page(request, "desk/snippets.html", actor, context, 422 if slip else 200)
