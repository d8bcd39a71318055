"""Sites and their settings as stored."""

import pytest

from service.errors import UnknownSite, UsageError
from service.settings import BY_NAME, Rate
from service.store import sites
from service.store.database import Database
from tests.factories import NOW, ORIGIN, a_site


def test_a_site_is_found_by_its_key_as_it_was_added(database: Database) -> None:
    with database.transaction() as conn:
        added = sites.add_site(conn, "news", "The News", [ORIGIN, "http://old.example:8080"], NOW)

        assert sites.get_site(conn, "news") == sites.find_site(conn, "news") == added
        assert added.name == "The News"
        assert added.origins == (ORIGIN, "http://old.example:8080")
        assert added.policy.limit_address == Rate(10, 60)
        assert sites.find_site(conn, "new") is None
        with pytest.raises(UnknownSite):
            sites.get_site(conn, "new")


def test_a_key_is_taken_once(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        with pytest.raises(UsageError, match="'news' exists already"):
            a_site(conn)


def test_sites_are_listed_by_key_with_all_their_origins(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn, "news")
        a_site(conn, "blog", origin="https://blog.example")

        assert [site.key for site in sites.list_sites(conn)] == ["blog", "news"]
        assert sites.list_origins(conn) == {ORIGIN, "https://blog.example"}


def test_a_changed_setting_is_read_at_once_and_raises_the_revision(database: Database) -> None:
    with database.transaction() as conn:
        before = a_site(conn)
        after = sites.set_settings(conn, "news", {"limit.address": "3/hour", "links.max": "0"})

        assert after.policy.limit_address == Rate(3, 3600)
        assert after.policy.links_max == 0
        assert after.revision > before.revision
        assert sites.get_site(conn, "news").policy == after.policy


def test_a_setting_put_back_to_its_default_is_forgotten(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn, links__max="0")
        sites.set_settings(conn, "news", {"links.max": BY_NAME["links.max"].default})

        assert sites.stored_settings(conn, "news") == {
            name: setting.default for name, setting in BY_NAME.items()
        }


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit.adress", "3/hour"), ("limit.address", "3/fortnight"), ("edit.window", "")],
)
def test_a_bad_setting_is_named_and_changes_nothing(
    database: Database, name: str, value: str
) -> None:
    with database.transaction() as conn:
        before = a_site(conn)
        with pytest.raises(UsageError, match=name):
            sites.set_settings(conn, "news", {"links.max": "0", name: value})

        assert sites.get_site(conn, "news") == before


def test_an_unknown_site_has_no_settings(database: Database) -> None:
    with database.transaction() as conn:
        for asked in (
            lambda: sites.set_settings(conn, "news", {"links.max": "0"}),
            lambda: sites.stored_settings(conn, "news"),
        ):
            with pytest.raises(UnknownSite):
                asked()


def test_an_origin_is_ensured_once_and_the_newest_stands_last(database: Database) -> None:
    with database.transaction() as conn:
        sites.ensure_origin(conn, "demo", "http://a.example", NOW)
        again = sites.ensure_origin(conn, "demo", "http://a.example", NOW)
        assert again.origins == ("http://a.example",)

        sites.ensure_origin(conn, "demo", "http://b.example", NOW)
        back = sites.ensure_origin(conn, "demo", "http://a.example", NOW)
        assert back.origins == ("http://b.example", "http://a.example")
