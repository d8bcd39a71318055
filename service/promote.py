"""Which model is in use, and which in its shadow: promote, go back, follow what others wanted."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import structlog
from sqlalchemy import Connection

from service.domain import Site
from service.errors import UsageError
from service.persons import Actor
from service.scoring.artifact import AGAINST, CARD, Artifact, ModelUnusable
from service.scoring.evaluation import (
    CONFIDENCE,
    certified_threshold,
    errors_allowed,
    examples_needed,
)
from service.scoring.model import Model, shipped_models
from service.scoring.serving import Serving
from service.settings import Certified, Policy
from service.store import models, retrainings, sites
from service.store.database import Database
from service.store.examples import approved_scores, count_approved
from service.store.models import Promotion, Shadow
from service.store.retrainings import Retraining
from service.vocabulary import Role

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Usable:
    """A model that was loaded and found whole; without a name the one that was shipped.

    Loading takes a while, so it is done before the transaction that puts a model to use.
    """

    name: str | None
    card: bytes
    against: tuple[str, ...]


def find_usable(conn: Connection, name: str | None) -> Usable:
    """The model of this name. Raises ModelUnusable when there is none or it is damaged."""
    model = _load(conn, name)
    card = b"" if name is None else models.find_card(conn, name) or b""
    against = model.card.get(AGAINST)
    return Usable(name, card, tuple(map(str, against)) if isinstance(against, list) else ())


def find_usable_before(conn: Connection) -> Usable:
    """The model in use before the last promotion that stands.

    Raises UsageError when there is nothing to go back to, ModelUnusable as `find_usable`.
    """
    return find_usable(conn, _name_before(conn))


def promote(
    conn: Connection, model: Usable, *, force: bool, actor: str, reason: str, now: datetime
) -> None:
    """Use this model from now on, in every process.

    Raises UsageError when it was found worse than the one in use and nobody forces it,
    ModelUnusable when it is not there as it was found.
    """
    _check_unchanged(conn, model)
    if model.against and not force:
        raise UsageError(f"{model.name} is not promoted: {'; '.join(model.against)}")
    models.promote(conn, model.name, actor=actor, action="promote", reason=reason, now=now)
    _leave_shadow(conn, model.name, actor, now)


def roll_back(conn: Connection, model: Usable, *, actor: str, reason: str, now: datetime) -> None:
    """Go back to the model that `find_usable_before` found; twice goes back two.

    Raises UsageError when there is nothing to go back to, or another was promoted meanwhile.
    """
    if model.name != _name_before(conn):
        raise UsageError("another model was promoted meanwhile: look again")
    _check_unchanged(conn, model)
    models.promote(conn, model.name, actor=actor, action="rollback", reason=reason, now=now)
    _leave_shadow(conn, model.name, actor, now)


def _name_before(conn: Connection) -> str | None:
    back: list[str | None] = [None]  # the names in use one after the other, as they stand
    for made in reversed(models.list_promotions(conn, limit=10_000)):
        if made.action == "promote":
            back.append(made.model)
        else:
            back.pop()
    if len(back) < 2:
        raise UsageError("the model that was shipped is in use: there is nothing to go back to")
    return back[-2]


def shade(conn: Connection, model: Usable | None, *, actor: str, now: datetime) -> None:
    """Let this model score in the shadow of the one in use, in every process; None is none.

    Raises UsageError when it is the one in use, ModelUnusable when it is not there any more.
    """
    if model is not None:
        _check_unchanged(conn, model)
        if model.name == used_name(conn):
            raise UsageError(f"{model.name} is in use: it cannot be in its own shadow")
    models.set_shadow(conn, None if model is None else model.name, actor=actor, now=now)


def _check_unchanged(conn: Connection, model: Usable) -> None:
    if model.name is not None and models.find_card(conn, model.name) != model.card:
        raise ModelUnusable(f"model {model.name!r} was changed or forgotten meanwhile")


def used_name(conn: Connection) -> str | None:
    """The name of the model in use; None is the one that was shipped."""
    latest = models.list_promotions(conn, limit=1)
    return latest[0].model if latest else None


def current_model(conn: Connection) -> Model:
    """The model in use. Raises ModelUnusable."""
    return _load(conn, used_name(conn))


@dataclass(frozen=True, slots=True)
class Certificate:
    """The lowest reject threshold that keeps a site's promise, None where none does, on how many
    approved comments, and how many more are needed before any can."""

    threshold: float | None
    honest: int
    missing: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Which models there are, and what became of them.

    `cards` are name and card (JSON), newest first, the shipped one last and without a name; `used`
    is one of these names. `sites` are those the actor decides on, each with its certificate.
    """

    used: str | None
    shadow: Shadow | None
    cards: tuple[tuple[str | None, bytes], ...]
    promotions: tuple[Promotion, ...]
    retraining: Retraining | None
    sites: tuple[tuple[Site, Certificate], ...]


async def read_standing(actor: Actor, *, store: Database) -> Standing:
    """What there is to know of the models, for whoever decides on some site. Raises Unavailable."""
    return await store.read(_read_standing, actor)


def _read_standing(conn: Connection, actor: Actor) -> Standing:
    used, shipped = used_name(conn), shipped_models() / "base"
    seen = [site for site in sites.list_sites(conn) if actor.may(Role.MODERATOR, site.id)]
    return Standing(
        used=used,
        shadow=models.find_shadow(conn),
        cards=(*models.list_cards(conn), (None, (shipped / CARD).read_bytes())),
        promotions=tuple(models.list_promotions(conn)),
        retraining=retrainings.find_last(conn),
        sites=tuple((site, certify(conn, site, used or shipped.name)) for site in seen),
    )


def certify(conn: Connection, site: Site, model: str) -> Certificate:
    """What can be promised of a reject threshold, by what this model gave to approved comments."""
    alpha, delta = site.policy.threshold_alpha, 1 - CONFIDENCE
    honest = count_approved(conn, site.id, model)
    if missing := max(0, examples_needed(alpha, delta) - honest):
        return Certificate(None, honest, missing)
    enough = errors_allowed(honest, alpha, delta) + 1
    scores = np.array(approved_scores(conn, site.id, model, highest=enough))
    return Certificate(certified_threshold(scores, alpha, delta, honest), honest, 0)


async def keep_certified(*, store: Database) -> None:
    """Let `threshold.reject=certified` follow what can be promised now of the model in use.

    For one model a threshold never comes down: above it nobody looks any more, so that few
    approved comments there say nothing. Raises Unavailable.
    """
    for site, found in await store.read(_certified_anew):
        await store.write(sites.set_certified, site.id, found)
        if found.model is None:
            log.info("no reject threshold certified", site=site.key)
        else:
            log.info(
                "reject threshold certified", site=site.key, model=found.model,
                threshold=found.threshold,
            )  # fmt: skip


def _certified_anew(conn: Connection) -> list[tuple[Site, Certified]]:
    """The sites that reject above what is certified, where that is something else now."""
    model = used_name(conn) or shipped_models().joinpath("base").name
    changed = []
    for site in sites.list_sites(conn):
        before = site.policy.threshold_reject
        if isinstance(before, Certified):
            found = certify(conn, site, model).threshold
            if found is not None and before.model == model:
                found = max(found, before.threshold)
            now = Certified() if found is None else Certified(model, found)
            if now != before:
                changed.append((site, now))
    return changed


def reject_words(policy: Policy) -> str:
    """Above which score a site rejects now, in words."""
    limit = policy.threshold_reject
    if isinstance(limit, Certified):
        above = f"above {limit.threshold} with {limit.model}" if limit.model else "nothing yet"
        return f"{above}, as certified"
    return "off" if limit is None else f"above {limit}, as the site says"


def promise(site: Site, found: Certificate) -> str:
    """A certificate in words."""
    alpha = f"{site.policy.threshold_alpha:.1%}"
    if found.threshold is not None:
        said = f"reject above {found.threshold} is certified for {alpha} of honest comments"
        return f"{said} ({found.honest} approved)"
    if found.missing:
        needed = f"{found.missing} more approved comments needed"
        return f"no reject threshold can be certified yet, {needed}"
    return f"no reject threshold keeps to {alpha} of honest comments"


async def refresh(serving: Serving, seen: int | None, *, store: Database) -> int:
    """Let `serving` use what was promoted since the promotion `seen`; returns the newest one's id.

    A model that is damaged is said loudly, and what is in use stays. Raises Unavailable.
    """
    latest = await store.read(models.list_promotions, limit=1)
    newest = latest[0].id if latest else 0
    if newest != seen:
        try:
            serving.use(await store.read(current_model))
            log.info("model in use", model=serving.name)
        except ModelUnusable as error:
            kept = serving.name or "none: every new comment is held as unscored"
            log.error("no usable model", reason=str(error), kept=kept)
    return newest


async def refresh_shadow(serving: Serving, seen: int | None, *, store: Database) -> int:
    """Let `serving` score in the shadow with what was wanted since `seen`; returns the newest id.

    A model that is damaged is said, and then none does. Raises Unavailable.
    """
    wanted = await store.read(models.find_shadow)
    newest = 0 if wanted is None else wanted.id
    if newest == seen or wanted is None:
        return newest
    try:
        model = None if wanted.model is None else await store.read(_load, wanted.model)
        log.info("model in the shadow", model=wanted.model or "")
    except ModelUnusable as error:
        model = None
        log.error("no usable model in the shadow", reason=str(error))
    serving.shade(model)
    return newest


def _leave_shadow(conn: Connection, name: str | None, actor: str, now: datetime) -> None:
    """What is in use needs no shadow of itself."""
    shaded = models.find_shadow(conn)
    if name is not None and shaded is not None and shaded.model == name:
        models.set_shadow(conn, None, actor=actor, now=now)


def _load(conn: Connection, name: str | None) -> Model:
    if name is None:
        return Model.load(shipped_models() / "base")
    found = models.find_model(conn, name)
    if found is None:
        raise ModelUnusable(f"there is no model {name!r} in the database")
    return Model.of(Artifact(found.card, found.weights, f"model {name}"))
