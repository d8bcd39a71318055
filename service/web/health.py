"""Whether the service lives, what works and what does not, and numbers for Prometheus."""

import hmac
import math
import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import PlainTextResponse, Response

from service import read
from service.errors import Unauthorized, Unavailable
from service.web.api import json_response
from service.web.auth import bearer_token
from service.web.state import DeskRequest

_NO_STORE = {"Cache-Control": "no-store"}


async def livez(request: DeskRequest) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


async def readyz(request: DeskRequest) -> Response:
    """Each part's state. 200 while comments can be taken, `degraded` when some are then held."""
    state = request.state
    try:
        await read.list_origins(store=state["store"])
        database, mail = "up", await _mail(request)
    except Unavailable:
        database, mail = "down", {"status": "down"}
    await state["link"].ping()
    link = state["link"].state
    parts = {
        "database": {"status": database, "writes_waiting": state["store"].waiting},
        "redis": {
            "status": link.status,
            "seconds": round(link.seconds, 1),
            "last_error": link.last_error,
            "while_down": "limits are counted in this process and new comments are held",
        },
        "attack_mode": {
            "status": "on" if state["watch"].alarms else "off",
            "sites": len(state["watch"].alarms),
            "while_on": "these sites hold every new comment",
        },
        "model": {
            "status": "up" if state["serving"].name else "down",
            "name": state["serving"].name,
            "while_down": "every new comment is held as unscored",
        },
        "mail": mail | {"while_down": "mails wait; comments are taken in as ever"},
    }
    works = database == "up"
    whole = works and link.status == "up" and bool(state["serving"].name)
    status = "ready" if whole else "degraded" if works else "unavailable"
    body = {"status": status, "parts": parts}
    return json_response(body, 200 if works else 503, _NO_STORE)


async def _mail(request: DeskRequest) -> dict[str, object]:
    """How the outbox stands; `down` while what was tried does not go out, or did not at all."""
    found = await read.read_outbox(store=request.state["store"])
    if not request.state["pages"].mails:
        status = "off"
    else:
        status = "down" if found.troubled or found.failed else "up"
    return {"status": status, "waiting": found.waiting, "failed": found.failed}


async def get_metrics(request: DeskRequest) -> Response:
    """Counters in Prometheus' text format."""
    state = request.state
    expected = state["metrics_token"]
    if expected and not hmac.compare_digest(bearer_token(request).encode(), expected.encode()):
        raise Unauthorized
    metrics = state["metrics"]
    metrics.redis_up.set(state["link"].state.status == "up")
    metrics.model_usable.set(bool(state["serving"].name))
    metrics.writes_waiting.set(state["store"].waiting)
    try:
        metrics.oldest_transaction.set(await state["store"].oldest_transaction())
        mail = await read.read_outbox(store=state["store"])
        metrics.mails_waiting.set(mail.waiting)
        metrics.mails_failed.set(mail.failed)
    except Unavailable:
        for gauge in (metrics.oldest_transaction, metrics.mails_waiting, metrics.mails_failed):
            gauge.set(math.nan)
    registry = metrics.registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # several workers: add theirs up
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), 200, _NO_STORE, CONTENT_TYPE_LATEST)
