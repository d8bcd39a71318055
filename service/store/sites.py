"""Sites: the customers of the service, their origins and their settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from service.domain import Site
from service.errors import UnknownSite, UsageError
from service.rulebook import NO_RULES
from service.settings import BY_NAME, Certified, Policy, read_setting
from service.store import rules
from service.store.prepared import Prepared
from service.store.schema import site as table

_SELECT = select(
    table.c.id, table.c.key, table.c.name, table.c.origins, table.c.settings, table.c.revision,
    table.c.certified, table.c.rules, table.c.attacked_since, table.c.quiet_until,
)  # fmt: skip
_BY_KEY = Prepared(_SELECT.where(table.c.key == bindparam("key")))
# parsing a policy and compiling rules are slow, rows change rarely
_parsed: dict[tuple[int, str], tuple[tuple[Any, ...], Site]] = {}


def add_site(conn: Connection, key: str, name: str, origins: Sequence[str], now: datetime) -> Site:
    """Add a site with default settings. Raises UsageError when the key is taken."""
    if find_site(conn, key) is not None:
        raise UsageError(f"site {key!r} exists already")
    conn.execute(
        insert(table).values(
            key=key, name=name, origins=json.dumps(list(origins)), settings="{}", revision=1,
            created_at=now, rules=rules.mark_for_new_site(conn),
        )
    )  # fmt: skip
    return get_site(conn, key)


def find_site(conn: Connection, key: str) -> Site | None:
    """The site with this key, or None."""
    if "\x00" in key:  # PostgreSQL takes no such text, and no key has it
        return None
    if not (key.isascii() and key.isprintable()):
        return None  # nor would every database take it
    row = _BY_KEY.first(conn, key=key)
    return None if row is None else _site(conn, row)


def get_site(conn: Connection, key: str) -> Site:
    """The site with this key. Raises UnknownSite."""
    found = find_site(conn, key)
    if found is None:
        raise UnknownSite
    return found


def find_site_by_id(conn: Connection, site_id: int) -> Site | None:
    """The site with this id, or None."""
    row = conn.execute(_SELECT.where(table.c.id == site_id)).first()
    return None if row is None else _site(conn, row)


def list_sites(conn: Connection) -> list[Site]:
    """Every site, by key."""
    return [_site(conn, row) for row in conn.execute(_SELECT.order_by(table.c.key)).all()]


def ensure_origin(conn: Connection, key: str, origin: str, now: datetime) -> Site:
    """The site with this key and this origin among its own; both are added when missing."""
    found = find_site(conn, key)
    if found is None:
        return add_site(conn, key, key, [origin], now)
    if origin == found.origins[-1]:
        return found
    origins = [*(o for o in found.origins if o != origin), origin]
    conn.execute(
        update(table)
        .where(table.c.key == key)
        .values(origins=json.dumps(origins), revision=table.c.revision + 1)
    )
    return get_site(conn, key)


def list_origins(conn: Connection) -> frozenset[str]:
    """Every origin of every site."""
    return frozenset(o for site in list_sites(conn) for o in site.origins)


def set_settings(conn: Connection, key: str, changes: Mapping[str, str]) -> Site:
    """Change settings; those equal to the default are forgotten.

    With `threshold.reject` what was certified is forgotten too, and looked for anew.
    Raises UsageError naming the setting, or UnknownSite.
    """
    current = _BY_KEY.first(conn, key=key)
    if current is None:
        raise UnknownSite
    settings: dict[str, str] = json.loads(current.settings)
    for name, value in changes.items():
        try:
            read_setting(name, value)
        except ValueError as error:
            raise UsageError(str(error)) from None
        settings[name] = value
    kept = {n: v for n, v in settings.items() if v != BY_NAME[n].default}
    conn.execute(
        update(table)
        .where(table.c.key == key)
        .values(settings=json.dumps(kept), revision=table.c.revision + 1)
    )
    if "threshold.reject" in changes:
        set_certified(conn, current.id, Certified())
    return get_site(conn, key)


def set_certified(conn: Connection, site_id: int, certified: Certified) -> None:
    """Keep what is certified for a site; it counts where `threshold.reject` is `certified`."""
    kept = None if certified.model is None else json.dumps([certified.model, certified.threshold])
    conn.execute(update(table).where(table.c.id == site_id).values(certified=kept))


def stored_settings(conn: Connection, key: str) -> dict[str, str]:
    """Every setting of a site as text, defaults included. Raises UnknownSite."""
    row = conn.execute(select(table.c.settings).where(table.c.key == key)).first()
    if row is None:
        raise UnknownSite
    changed: dict[str, str] = json.loads(row.settings)
    return {name: s.default for name, s in BY_NAME.items()} | changed


def _policy(settings: str, certified: str | None) -> Policy:
    policy = Policy.from_settings(json.loads(settings))
    if certified is None or not isinstance(policy.threshold_reject, Certified):
        return policy
    return replace(policy, threshold_reject=Certified(*json.loads(certified)))


def _site(conn: Connection, row: Row[*tuple[Any, ...]]) -> Site:
    place = (row.id, row.key)
    version = row[3:]  # all that may change
    known = _parsed.get(place)
    if known is not None and known[0] == version:
        return known[1]
    found = Site(
        id=row.id,
        key=row.key,
        name=row.name,
        origins=tuple(json.loads(row.origins)),
        policy=_policy(row.settings, row.certified),
        revision=row.revision,
        rules=NO_RULES if row.rules is None else rules.load_book(conn, row.id),
        attacked_since=row.attacked_since,
        quiet_until=row.quiet_until,
    )
    if len(_parsed) > 1000:
        _parsed.clear()
    _parsed[place] = (version, found)
    return found
