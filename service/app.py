"""The composition root: builds the real parts once, in order, and hands them down."""

import asyncio
import gc
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from service.config import Config
from service.correct import Seen, correct
from service.errors import DeskError, Unavailable
from service.huge_pages import use_huge_pages
from service.limits import Limits
from service.link import open_link
from service.promote import keep_certified, refresh, refresh_shadow
from service.retraining import Retrainer
from service.scoring.drift import Drift
from service.scoring.serving import Serving
from service.store.database import Database, sqlite_url
from service.submit import Twins
from service.tidy import tidy
from service.watch import watch_drift
from service.web import (
    account,
    api,
    classifier,
    desk,
    embed,
    feeds,
    health,
    moderation,
    numbers,
    openapi,
    problems,
    thread,
)
from service.web.cache import PageCache
from service.web.gate import Gate
from service.web.metrics import Metrics
from service.web.middleware import Cors, Envelope
from service.web.pages import Pages
from service.web.state import State, clock

log = structlog.get_logger()

_TIDY_EVERY = 600  # seconds
_FOLLOW_EVERY = 1.0

COMMENT = "/api/v1/comments/{id:uuid}"

ROUTES: tuple[BaseRoute, ...] = (
    Route("/api/v1/comments", api.post_comment, methods=["POST"]),
    Route("/api/v1/comments", thread.get_comments),
    Route("/api/v1/counts", thread.get_counts),
    Route("/api/v1/form", api.get_form),
    Route("/api/v1/preview", api.post_preview, methods=["POST"]),
    Route(COMMENT, api.patch_comment, methods=["PATCH"]),
    Route(COMMENT, api.delete_comment, methods=["DELETE"]),
    Route(f"{COMMENT}/history", moderation.get_history),
    Route("/api/v1/queue", moderation.get_queue),
    Route("/api/v1/queue/watch", moderation.get_watch),
    Route("/api/v1/queue/claim", moderation.post_claim, methods=["POST"]),
    Route("/api/v1/queue/release", moderation.post_release, methods=["POST"]),
    Route("/api/v1/decisions", moderation.post_decision, methods=["POST"]),
    Route("/api/v1/decisions/{id:uuid}/undo", moderation.post_undo, methods=["POST"]),
    Route("/api/v1/stats", moderation.get_stats),
    Route("/threads", thread.get_thread),
    Route("/threads/form", thread.get_thread_form),
    Route("/embed.js", embed.get_script),
    Route("/embed/writing.js", embed.get_writing),
    Route("/embed/words/{language}.json", embed.get_words),
    Route("/feeds/{site}.atom", feeds.get_feed),
    Route("/demo", embed.get_demo),
    Route("/desk", desk.get_desk),
    Route("/desk/", desk.get_queue),
    Route("/desk/comments/{id:uuid}", desk.get_comment),
    Route("/desk/comments/{id:uuid}/card", desk.get_card),
    Route("/desk/decisions", desk.post_decision, methods=["POST"]),
    Route("/desk/decisions/{id:uuid}/undo", desk.post_undo, methods=["POST"]),
    Route("/desk/numbers", numbers.get_numbers),
    Route("/desk/numbers.csv", numbers.get_numbers_csv),
    Route("/desk/numbers.json", numbers.get_numbers_json),
    Route("/desk/classifier", classifier.get_classifier),
    Route("/desk/classifier/retrain", classifier.post_retrain, methods=["POST"]),
    Route("/desk/classifier/promote", classifier.post_promote, methods=["POST"]),
    Route("/desk/classifier/rollback", classifier.post_rollback, methods=["POST"]),
    Route("/desk/classifier/shadow", classifier.post_shadow, methods=["POST"]),
    Route("/desk/sign-in", account.get_sign_in),
    Route("/desk/sign-in", account.post_sign_in, methods=["POST"]),
    Route("/desk/sign-out", account.post_sign_out, methods=["POST"]),
    Route("/desk/account", account.get_account),
    Route("/desk/password", account.post_password, methods=["POST"]),
    Route("/openapi.json", openapi.get_openapi),
    Route("/docs", openapi.get_docs),
    Route("/livez", health.livez),
    Route("/readyz", health.readyz),
    Route("/metrics", health.get_metrics),
    Mount("/static", StaticFiles(packages=[("service.web", "static")])),
)


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
    metrics = Metrics()
    tasks = [
        asyncio.create_task(_tidy_now_and_then(store, metrics)),
        asyncio.create_task(_follow_models(serving, store, seen, shaded)),
    ]
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
            metrics=metrics,
            pages=Pages(config.public_url),
            cache=PageCache(store.version),
            demo=demo,
        )
    finally:
        for task in tasks:
            task.cancel()
        await retrainer.aclose()
        await link.aclose()
        store.stop()


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


async def _tidy_now_and_then(store: Database, metrics: Metrics) -> None:
    drift: Drift | None = None
    while True:
        await asyncio.sleep(_TIDY_EVERY)
        try:
            await tidy(store=store, now=clock())
            await keep_certified(store=store)
            drift = await watch_drift(drift, store=store, now=clock())
            metrics.score_drift.set(math.nan if drift.index is None else drift.index)
        except Unavailable as error:
            log.warning("tidying put off", detail=error.detail)


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
