"""What the lifespan hands to every request, and the clock."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import TypedDict

from starlette.requests import Request

from service.defend import Watch
from service.events import Events
from service.limits import Limits
from service.link import Link
from service.provider import Provider
from service.retraining import Retrainer
from service.scoring.serving import Serving
from service.store.database import Database
from service.submit import Twins
from service.web.cache import PageCache
from service.web.metrics import Metrics
from service.web.pages import Pages


class State(TypedDict):
    """The parts a request may need; built once in `app`, typed as `request.state[...]`."""

    store: Database
    link: Link
    twins: Twins
    limits: Limits
    serving: Serving
    retrainer: Retrainer
    secret: bytes
    public_url: str
    trusted_proxies: Sequence[IPv4Network | IPv6Network]
    metrics_token: str
    provider: Provider | None
    metrics: Metrics
    watch: Watch
    pages: Pages
    cache: PageCache
    events: Events
    demo: bool


DeskRequest = Request[State]


def clock() -> datetime:
    """Now, in UTC: the only place where the service reads the clock."""
    return datetime.now(UTC)
