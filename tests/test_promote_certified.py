"""What reject threshold can be promised for a site, and one that follows the promise."""

import asyncio
from pathlib import Path

from service import review
from service.domain import Score
from service.promote import Certificate, certify, keep_certified, reject_words
from service.scoring.artifact import Artifact
from service.settings import Certified
from service.store import models, sites
from service.store.database import Database
from tests.factories import MODERATOR, NOW, a_site, approving, some_comments


def certificate(database: Database, model: str = "test") -> Certificate:
    with database.transaction() as conn:
        return certify(conn, sites.get_site(conn, "news"), model)


def approve(database: Database, number: int, probability: float) -> None:
    """So many more comments that got this score from the model "test"."""
    score = Score(probability, "test", (), 0.3, 0.9)
    with database.transaction() as conn:
        ids = some_comments(conn, number, score=score)
    asyncio.run(review.decide(MODERATOR, approving(*ids), store=database, now=NOW))


def test_a_reject_threshold_is_certified_by_enough_approved_comments(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)

    approve(database, 100, 0.1)
    assert certificate(database) == Certificate(None, 100, 199)
    approve(database, 199, 0.2)
    assert certificate(database) == Certificate(0.9, 299, 0)
    approve(database, 3, 0.9455)
    assert certificate(database) == Certificate(0.946, 302, 0)
    approve(database, 9, 0.9995)
    assert certificate(database) == Certificate(None, 311, 0)
    assert certificate(database, "another") == Certificate(None, 0, 299)


def following(database: Database) -> float | Certified | None:
    """What the site rejects above once the service has looked what is certified."""
    asyncio.run(keep_certified(store=database))
    with database.transaction() as conn:
        return sites.get_site(conn, "news").policy.threshold_reject


def use(database: Database, tiny_model: Path, name: str) -> None:
    with database.transaction() as conn:
        artifact = Artifact.read(tiny_model)
        models.add_model(conn, name, artifact.card, artifact.weights, NOW)
        models.promote(conn, name, actor="ann", action="promote", reason="", now=NOW)


def a_following_site(database: Database, tiny_model: Path) -> None:
    """One that rejects as certified, for a model `test`."""
    use(database, tiny_model, "test")
    with database.transaction() as conn:
        a_site(conn, threshold__reject="certified")


def test_a_site_that_rejects_as_certified_rejects_nothing_until_enough_was_approved(
    database: Database, tiny_model: Path
) -> None:
    a_following_site(database, tiny_model)

    approve(database, 298, 0.1)
    assert following(database) == Certified()
    approve(database, 1, 0.1)
    assert following(database) == Certified("test", 0.9)


def test_what_is_certified_goes_up_by_itself_and_down_only_with_another_model(
    database: Database, tiny_model: Path
) -> None:
    a_following_site(database, tiny_model)

    approve(database, 299, 0.1)
    assert following(database) == Certified("test", 0.9)
    approve(database, 3, 0.9455)
    assert following(database) == Certified("test", 0.946)
    approve(database, 400, 0.1)  # what is rejected above 0.946 nobody sees
    assert following(database) == Certified("test", 0.946)
    approve(database, 20, 0.9995)
    assert following(database) == Certified()
    use(database, tiny_model, "another")
    assert following(database) == Certified()


def test_a_site_that_names_its_threshold_or_rejects_nothing_is_left_alone(
    sqlite: Database, tiny_model: Path
) -> None:
    use(sqlite, tiny_model, "test")
    with sqlite.transaction() as conn:
        a_site(conn, threshold__reject="0.99")
    approve(sqlite, 299, 0.1)

    assert following(sqlite) == 0.99
    with sqlite.transaction() as conn:
        sites.set_settings(conn, "news", {"threshold.reject": "off"})
    assert following(sqlite) is None
    with sqlite.transaction() as conn:
        sites.set_settings(conn, "news", {"threshold.reject": "certified"})
    assert following(sqlite) == Certified("test", 0.9)
    with sqlite.transaction() as conn:  # turned off and on again it is looked for anew
        sites.set_settings(conn, "news", {"threshold.reject": "off"})
        site = sites.set_settings(conn, "news", {"threshold.reject": "certified"})
    assert site.policy.threshold_reject == Certified()


def test_what_a_site_rejects_is_said_in_words(sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        site = a_site(conn)
        told = []
        for setting in ("off", "0.98", "certified"):
            site = sites.set_settings(conn, "news", {"threshold.reject": setting})
            told.append(reject_words(site.policy))
        sites.set_certified(conn, site.id, Certified("base", 0.981))
        told.append(reject_words(sites.get_site(conn, "news").policy))

    assert told == [
        "off",
        "above 0.98, as the site says",
        "nothing yet, as certified",
        "above 0.981 with base, as certified",
    ]
