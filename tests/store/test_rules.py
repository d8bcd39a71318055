"""Rules are rows; a site carries what changes with them, so that every process follows at once."""

from datetime import timedelta

from msgspec.structs import replace

from service.rulebook import Rule
from service.store import rules, sites
from service.store.database import Database
from service.vocabulary import Effect, RuleKind
from tests.factories import NOW, a_rule, a_site


def test_a_site_without_rules_carries_none_and_follows_every_change(database: Database) -> None:
    with database.transaction() as conn:
        empty = a_site(conn).rules
        made = a_rule(conn, RuleKind.WORD, "casino", site=sites.get_site(conn, "news"))
        first = sites.get_site(conn, "news").rules
        same = sites.get_site(conn, "news").rules
        rules.set_ended(conn, made, NOW)
        second = sites.get_site(conn, "news").rules

    assert first is same
    assert first is not empty
    assert second is not first


def test_a_rule_of_every_site_counts_on_those_there_are_and_those_to_come(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_rule(conn, RuleKind.WORD, "casino")
        a_site(conn, "blog", origin="https://blog.example")
        numbers = [rules.load_book(conn, site.id)._rules for site in sites.list_sites(conn)]
        marked = [site.rules._rules for site in sites.list_sites(conn)]

    assert len(marked) == 2
    assert marked == numbers
    assert all(marked)


def test_a_hit_is_counted_with_its_time(database: Database) -> None:
    with database.transaction() as conn:
        made = a_rule(conn, RuleKind.WORD, "casino", site=a_site(conn))
        rules.count_hits(conn, [made.id, made.id], NOW)
        rules.count_hits(conn, [made.id], NOW + timedelta(hours=1))
        found = rules.find(conn, made.id)

    assert found is not None
    assert (found.hits, found.last_hit_at) == (2, NOW + timedelta(hours=1))


def test_rules_are_listed_newest_first_by_whether_they_are_past_and_page_by_page(
    database: Database,
) -> None:
    later = [NOW + timedelta(minutes=n) for n in range(4)]
    with database.transaction() as conn:
        site, other = a_site(conn), a_site(conn, "blog", origin="https://blog.example")
        over = a_rule(conn, RuleKind.WORD, "old", site=site, expires_at=NOW)
        ended = a_rule(conn, RuleKind.WORD, "ended", site=site, ended_at=NOW, now=later[1])
        own = a_rule(conn, RuleKind.WORD, "own", site=site, now=later[2])
        everywhere = a_rule(conn, RuleKind.DOMAIN, "own.example", now=later[3])
        a_rule(conn, RuleKind.WORD, "foreign", site=other)

        current = rules.list_rules(conn, {site.id}, NOW)
        past = rules.list_rules(conn, {site.id}, NOW, is_past=True)
        second = rules.list_rules(conn, {site.id}, NOW, limit=1, after=everywhere.id)
        found = rules.list_rules(conn, None, NOW, text="OWN.e")
        nobodys = rules.list_rules(conn, set(), NOW)

    assert [rule.id for rule in current] == [everywhere.id, own.id]
    assert [rule.id for rule in past] == [ended.id, over.id]
    assert [rule.id for rule in second] == [own.id]
    assert [rule.id for rule in found] == [everywhere.id]
    assert [rule.id for rule in nobodys] == [everywhere.id]


def test_the_same_rule_is_found_only_while_it_counts(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        made = a_rule(conn, RuleKind.WORD, "casino", site=site, expires_at=NOW + timedelta(1))

        def same(**changes: object) -> bool:
            fields = {"kind": RuleKind.WORD, "value": "casino"} | changes
            other = a_rule_like(made, **fields)
            return rules.find_same(conn, other, NOW) is not None

        assert same()
        assert not same(effect=Effect.HOLD)
        assert not same(site_id=None)
        assert rules.find_same(conn, made, NOW + timedelta(1)) is None
        rules.set_ended(conn, made, NOW)
        assert not same()


def a_rule_like(rule: Rule, **changes: object) -> Rule:
    return replace(rule, **changes)
