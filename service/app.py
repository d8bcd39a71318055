"""The composition root: builds the real parts once, in order, and hands them down."""

import asyncio
import gc
import math
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from service.config import Config
from service.correct import Seen, correct
from service.defend import Watch
from service.deliver import deliver_due, write_digests
from service.errors import DeskError, Unavailable
from service.events import Events
from service.group import group_late
from service.huge_pages import use_huge_pages
from service.limits import Limits
from service.link import open_link
from service.mail.carrier import Carrier
from service.mail.server import parse_mail_server
from service.promote import keep_certified, refresh, refresh_shadow
from service.provider import Provider
from service.retraining import Retrainer
from service.scoring.drift import Drift
from service.scoring.serving import Serving
from service.store.database import Database, sqlite_url
from service.submit import Twins
from service.tidy import index_all, tidy
from service.watch import watch_drift
from service.web import oidc, problems
from service.web.cache import PageCache
from service.web.gate import Gate
from service.web.metrics import Metrics
from service.web.middleware import Cors, Envelope
from service.web.pages import Pages
from service.web.routes import ROUTES
from service.web.state import State, clock

log = structlog.get_logger()

_TIDY_EVERY = 600  # seconds
_FOLLOW_EVERY = 1.0
_GROUP_EVERY = 5.0
_LOOK_EVERY = 5.0
_DELIVER_EVERY = 1.0
_DIGEST_EVERY = 60.0
_AWAY = 60.0  # the longest pause while the mail server is away


def create_app(config: Config, *, demo: bool = False) -> Starlette:
    """The service as an ASGI application; everything is opened and closed by its lifespan.

    `config.redis_url` must say where Redis is, and the database must be migrated. `demo` adds the
    demo article at /demo.
    """
    https = config.public_url.startswith("https:")
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Envelope, https=https),
            Middleware(Cors),
            Middleware(Gate),
        ],
        exception_handlers={
            DeskError: problems.handle,
            HTTPException: problems.handle,
        },
        lifespan=lambda _app: _opened(config, demo),
    )
    app.router.redirect_slashes = False  # it would name http and forget a path prefix
    return app


@asynccontextmanager
async def _opened(config: Config, demo: bool) -> AsyncIterator[State]:
    """The parts, in order; closed again at the end."""
    store = Database(config.database_url or sqlite_url(config.data_dir))
    store.start()
    link = open_link(config.redis_url)
    serving = Serving()
    retrainer = Retrainer(store, environment=config.for_child(os.environ), clock=clock)
    seen = shaded = None
    with suppress(Unavailable):
        seen = await refresh(serving, None, store=store)
        shaded = await refresh_shadow(serving, None, store=store)
    metrics, watch = Metrics(), Watch()
    events = Events(config.redis_url, store=store, link=link)
    tasks = [
        asyncio.create_task(_tidy_now_and_then(store, metrics)),
        asyncio.create_task(_follow_models(serving, store, seen, shaded)),
        asyncio.create_task(_group_late_now_and_then(store)),
        asyncio.create_task(_watch_attacks(watch, store, metrics)),
        asyncio.create_task(events.run()),
    ]
    if server := parse_mail_server(config.smtp_url, config.mail_from):
        tasks.append(asyncio.create_task(_deliver(Carrier(server), store, config, metrics)))
    try:
        yield State(
            store=store,
            link=link,
            twins=Twins(),
            limits=Limits(link, secret=config.secret, global_rate=config.global_limit),
            serving=serving,
            retrainer=retrainer,
            secret=config.secret,
            public_url=config.public_url,
            trusted_proxies=config.trusted_proxies,
            metrics_token=config.metrics_token,
            provider=_provider(config),
            metrics=metrics,
            watch=watch,
            pages=Pages(config.public_url, mails=bool(config.smtp_url)),
            cache=PageCache(store.version),
            events=events,
            demo=demo,
        )
    finally:
        for task in tasks:
            task.cancel()
        await retrainer.aclose()
        await link.aclose()
        store.stop()


def _provider(config: Config) -> Provider | None:
    if not config.oidc_issuer:
        return None
    return Provider(
        config.oidc_issuer, config.oidc_client_id, config.oidc_client_secret,
        f"{config.public_url}{oidc.CALLBACK}",
    )  # fmt: skip


def from_environ() -> Starlette:
    """The application of one worker of several; its parent has prepared everything."""
    return create_app(
        Config.from_environ(os.environ), demo=os.environ.get("COMMENT_DESK_DEMO") == "1"
    )


def settle_memory() -> None:
    """Leave what was built at start out of every later collection, and collect less often.

    A comment makes a few hundred short-lived objects, few of them in cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    use_huge_pages()


@contextmanager
def _carrying_on(task: str) -> Iterator[None]:
    """What fails in one round of a task is said and tried again in the next one."""
    try:
        yield
    except Unavailable as error:
        log.warning("task put off", task=task, detail=error.detail)
    except Exception as error:  # one bad row may not end the task until a restart
        log.error("task failed", task=task, error=repr(type(error)))


async def _tidy_now_and_then(store: Database, metrics: Metrics) -> None:
    drift: Drift | None = None
    with _carrying_on("indexing"):  # what came in while an older version ran
        await index_all(store=store)
    while True:
        await asyncio.sleep(_TIDY_EVERY)
        with _carrying_on("tidying"):
            await tidy(store=store, now=clock())
            await keep_certified(store=store)
            drift = await watch_drift(drift, store=store, now=clock())
            metrics.score_drift.set(math.nan if drift.index is None else drift.index)


async def _group_late_now_and_then(store: Database) -> None:
    """A few at a time: what came in while Redis was away may wait for its group."""
    version: object = None
    while True:
        await asyncio.sleep(_GROUP_EVERY)
        changed = store.version()
        if changed == version:
            continue
        with _carrying_on("grouping"):
            if not await group_late(store=store):
                version = changed


async def _watch_attacks(watch: Watch, store: Database, metrics: Metrics) -> None:
    while True:
        with _carrying_on("watching for attacks"):
            await watch.look(store=store, now=clock())
            metrics.sites_attacked.set(len(watch.alarms))
        await asyncio.sleep(_LOOK_EVERY)


async def _deliver(carrier: Carrier, store: Database, config: Config, metrics: Metrics) -> None:
    """Send mail as it becomes due; while the mail server is away, ask for it ever less often."""
    pause, digests_at = _DELIVER_EVERY, 0.0
    try:
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _AWAY)
            try:
                if time.monotonic() >= digests_at:
                    await write_digests(store=store, now=clock())
                    digests_at = time.monotonic() + _DIGEST_EVERY
                done = await deliver_due(
                    carrier, store=store, secret=config.secret, public_url=config.public_url,
                    clock=clock,
                )  # fmt: skip
            except Unavailable as error:
                log.warning("mail put off", detail=error.detail)
                continue
            except Exception as error:  # mails wait; the next time may do better
                log.error("sending mail failed", error=repr(type(error)))
                continue
            metrics.count_mails(done)
            if not done["away"]:
                pause = _DELIVER_EVERY
            if not done["sent"]:
                await carrier.aclose()
    finally:
        await carrier.aclose()


async def _follow_models(
    serving: Serving, store: Database, seen: int | None, shaded: int | None
) -> None:
    """Exchange models whenever others are wanted, and correct the one in use by what is decided.

    Takes a tenth of the time at most.
    """
    version: object = None
    learnt: Seen | None = None
    pause = _FOLLOW_EVERY
    while True:
        await asyncio.sleep(pause)
        changed = store.version()
        if changed == version:
            continue
        began = time.monotonic()
        try:
            seen = await refresh(serving, seen, store=store)
            shaded = await refresh_shadow(serving, shaded, store=store)
            learnt = await correct(serving, learnt, store=store, now=clock())
            version = changed
        except Unavailable:
            pass  # asked again a second later
        except Exception as error:  # scores stay as they are, and the next change is looked at
            log.error("learning from decisions failed", error=repr(type(error)))
            version = changed
        pause = max(_FOLLOW_EVERY, 10 * (time.monotonic() - began))
