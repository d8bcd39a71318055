"""The public API: take a comment in, edit or withdraw one's own, preview, fetch a form's token."""

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from service import markup, read, revise, submit
from service.domain import Receipt
from service.errors import DeskError, FieldError, InvalidSubmission, NotFound, Unauthorized
from service.intake.address import client_address, prefixes
from service.intake.challenge import issue_form_token
from service.intake.origin import check_origin
from service.intake.proof import make_challenge
from service.intake.submission import parse_comment, parse_submission
from service.tokens import new_secret
from service.web import wire
from service.web.auth import bearer_token, is_own_origin
from service.web.body import read_fields, read_json, wants_json
from service.web.headers import header
from service.web.languages import choose
from service.web.pages import Pages
from service.web.query import page_of, path_id
from service.web.state import DeskRequest, clock


async def post_comment(request: DeskRequest) -> Response:
    """Take a comment in, from JSON or from a form; a form is answered as a page or a redirect."""
    fields: object = {}
    as_json = True
    try:
        fields, is_form = await read_fields(request)
        as_json = wants_json(request, is_form)
        receipt = await _submit(request, fields, is_form)
    except (DeskError, HTTPException) as error:
        if isinstance(error, DeskError):
            request.state["metrics"].refused.labels(error.code).inc()
        if as_json or not isinstance(error, DeskError):
            raise
        typed = _text_fields(fields)
        choose(typed.get("lang", ""))
        site = await read.find_site(typed.get("site", ""), store=request.state["store"])
        pages: Pages = request.state["pages"]
        return pages.form(typed, site, error)
    request.state["metrics"].comments.labels(receipt.status).inc()
    if as_json:
        headers = {"Location": _place_of(receipt), "Cache-Control": "no-store"}
        return json_response(wire.Receipt.of(receipt), 201, headers)
    return RedirectResponse(_place_of(receipt), 303)


async def patch_comment(request: DeskRequest) -> Response:
    """Edit one's own comment; the new text goes through the verdict again."""
    token = bearer_token(request)
    if not token:
        raise Unauthorized  # before anything is said about the body
    text = parse_comment(await read_json(request))
    receipt = await revise.edit(
        path_id(request),
        token,
        text,
        store=request.state["store"],
        limits=request.state["limits"],
        score=request.state["serving"].score,
        secret=request.state["secret"],
        now=clock(),
    )
    return json_response(wire.Receipt.of(receipt), headers={"Cache-Control": "no-store"})


async def delete_comment(request: DeskRequest) -> Response:
    """Withdraw one's own comment."""
    await revise.withdraw(
        path_id(request),
        bearer_token(request),
        store=request.state["store"],
        secret=request.state["secret"],
        now=clock(),
    )
    return Response(status_code=204)


async def get_form(request: DeskRequest) -> Response:
    """What the form needs and a cached page must not hold: a fresh token and the settings."""
    site_key, page_url = page_of(request.query_params)
    site = await read.read_site(site_key, store=request.state["store"])
    check_origin(site, page_url, request.headers.get("origin", ""))
    token = form_token(request, site_key, page_url)
    mails = request.state["pages"].mails
    settings = wire.FormSettings(
        site.policy.comments == "open", site.policy.edit_window,
        notify=mails, confirm=mails and site.policy.publish_proven,
    )  # fmt: skip
    answer = wire.Form(token, settings)
    if site.wants_proof:
        answer.proof = make_challenge(request.state["secret"], site_key, page_url, token, clock())
    return json_response(answer, headers={"Cache-Control": "no-store"})


async def post_preview(request: DeskRequest) -> Response:
    """A comment as it would be published; nothing is stored."""
    fields = await read_json(request)
    comment = parse_comment(fields)
    await request.state["limits"].admit_preview(prefixes(address_of(request))[0])
    site_key = _text_fields(fields).get("site", "")
    if not site_key:
        raise InvalidSubmission([FieldError("site", "required", "Name the site.")])
    await read.read_site(site_key, store=request.state["store"])
    return json_response(wire.Preview(markup.render(comment)))


def form_token(request: DeskRequest, site_key: str, page_url: str) -> str:
    """A fresh form token for a page."""
    return issue_form_token(
        request.state["secret"], site_key, page_url, clock(), nonce=new_secret()[:16]
    )


def address_of(request: DeskRequest) -> str:
    """The client's address, as far as trusted proxies vouch for it."""
    peer = request.client.host if request.client else None
    forwarded = request.headers.getlist("x-forwarded-for")
    return client_address(peer, forwarded, request.state["trusted_proxies"])


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(content), status, headers, "application/json")


async def no_such_path(request: DeskRequest) -> Response:
    """The answer to a path nobody serves."""
    raise NotFound


def _place_of(receipt: Receipt) -> str:
    """Where readers find the comment."""
    return f"{receipt.page_url}#comment-{receipt.id}"


async def _submit(request: DeskRequest, fields: object, is_form: bool) -> Receipt:
    state = request.state
    submission = parse_submission(
        fields,
        address=address_of(request),
        idempotency_key=header(request.scope, b"idempotency-key").decode("latin-1"),
        form=is_form,
    )
    return await submit.submit(
        submission,
        origin=foreign_origin(request),
        store=state["store"],
        twins=state["twins"],
        limits=state["limits"],
        score=state["serving"].score,
        secret=state["secret"],
        now=clock(),
    )


def foreign_origin(request: DeskRequest) -> str:
    """The Origin header, or "" from a page of our own: the plain form stands on one."""
    origin = header(request.scope, b"origin").decode("latin-1")
    return "" if not origin or is_own_origin(request) else origin


def _text_fields(fields: object) -> dict[str, str]:
    """The fields that are text, to be shown again as they were typed."""
    if not isinstance(fields, Mapping):
        return {}
    return {str(name): value for name, value in fields.items() if isinstance(value, str)}
