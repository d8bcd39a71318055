"""Server-sent events for the desk's script: something has changed on this site, look again."""

import random
import time
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from service import people, review
from service.errors import Forbidden
from service.persons import Actor
from service.web.auth import cookie_name, require_actor
from service.web.state import DeskRequest, clock

BEAT_EVERY = 15.0  # seconds; the script takes a longer silence for a proxy that keeps all back
_CHECK_EVERY = 5.0  # seconds until a session that has ended is noticed where nothing happens
_RETRY = (2_000, 8_000)  # milliseconds; so that not all come back at once after a restart
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx passes on what comes
}


async def get_events(request: DeskRequest) -> Response:
    """A stream that lasts as long as the session: which site has changed, and nothing of it.

    Raises Unauthorized without a session, Forbidden for a token, RateLimited for a person who has
    many open.
    """
    actor = await require_actor(request)
    if actor.moderator_id is None:
        raise Forbidden("Events are for the desk: a token reads /api/v1/queue/watch.")
    request.state["events"].check_room(actor.name)
    request.scope["endless"] = True  # a server that stops does not wait for it
    return StreamingResponse(_stream(request, actor), 200, _HEADERS, "text/event-stream")


async def _stream(request: DeskRequest, actor: Actor) -> AsyncIterator[str]:
    events, store = request.state["events"], request.state["store"]
    secret = request.cookies[cookie_name(request)]
    beaten, flow = time.monotonic(), events.flow
    yield f"retry: {random.randint(*_RETRY)}\n" + _beat(flow)  # noqa: S311
    with events.listening(actor.name) as ear:
        while True:
            changed = await ear.wait(_CHECK_EVERY)
            found = await people.peek_session(secret, store=store, now=clock())
            if found is None:
                return
            sites = await review.list_sites(found, store=store) if changed else []
            for key in sorted(changed & {site.key for site in sites}):
                yield f"event: changed\ndata: {key}\n\n"
            if events.flow != flow or time.monotonic() - beaten >= BEAT_EVERY:
                beaten, flow = time.monotonic(), events.flow
                yield _beat(flow)


def _beat(flow: bool) -> str:
    """Says that the stream is open, and whether events come to it from every process."""
    return f"event: beat\ndata: {'flow' if flow else 'still'}\n\n"
