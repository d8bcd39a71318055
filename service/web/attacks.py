"""The desk's page of attacks, and what a moderator may say while one lasts."""

from starlette.responses import Response

from service import defend
from service.errors import FieldError, InvalidSubmission
from service.intake.body import parse_urlencoded
from service.vocabulary import Role
from service.web.auth import require_actor
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.state import DeskRequest, clock

ATTACKS = "/desk/attacks"


async def get_attacks(request: DeskRequest) -> Response:
    """The latest attacks: on which site, why, from when to when."""
    actor = await signed_in(request)
    found = await defend.read_attacks(actor, store=request.state["store"])
    return desk_page(request, "desk/attacks.html", actor, {"attacks": found, "now": clock()})


async def post_attack(request: DeskRequest) -> Response:
    """End attack mode on a site, keep it on, or let it come and go by itself again."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    store, key = request.state["store"], fields.get("site", "")
    match fields.get("do", ""):
        case "end":
            await defend.end(actor, key, store=store, now=clock())
        case "keep":
            await defend.set_mode(actor, key, "on", store=store)
        case "auto":
            await defend.set_mode(actor, key, "auto", store=store)
        case _:
            raise InvalidSubmission([FieldError("do", "invalid", "Choose what to do.")])
    await request.state["watch"].look(store=store, now=clock())
    return redirect(request, fields.get("back", "") or ATTACKS)
