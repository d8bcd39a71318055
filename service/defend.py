"""Attack mode: what is under attack, when it is over, and what moderators may say about it."""

from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from sqlalchemy import Connection

from service.domain import Site
from service.errors import NotFound
from service.pace import RECENT
from service.persons import Actor
from service.store import attacks, sites
from service.store.attacks import Attack
from service.store.database import Database
from service.vocabulary import SYSTEM, Role

log = structlog.get_logger()

SHORTEST = timedelta(minutes=10)  # an attack lasts at least so long
CALM = timedelta(minutes=5)  # and until so long a time was calm
_CALM_BELOW = 10  # comments in that time are calm on any site
_CALM_TIMES = 2  # and so are twice as many as usual
QUIET = timedelta(hours=1)  # after somebody ended one, no other begins by itself


class Alarm(Struct, frozen=True):
    """A site that holds everything now. `attack` is None where the setting says so."""

    site_id: int
    site: str
    attack: Attack | None


class Watch:
    """What this process knows of attacks; `look` keeps it, and ends what is over."""

    def __init__(self) -> None:
        self.alarms: tuple[Alarm, ...] = ()

    async def look(self, *, store: Database, now: datetime) -> None:
        """Read what is under attack, end what has become calm, and say in the log what changed."""
        for site_id in await store.read(_read_over, now):
            await store.write(attacks.end, site_id, SYSTEM, now)
        self._know(await store.read(_read_alarms))

    def _know(self, alarms: tuple[Alarm, ...]) -> None:
        before = {alarm.site for alarm in self.alarms}
        self.alarms = alarms
        sites_now = {alarm.site for alarm in alarms}
        for alarm in alarms:
            if alarm.site not in before:
                cause = alarm.attack.cause if alarm.attack else "setting"
                log.warning("attack mode began", site=alarm.site, cause=cause)
        for key in sorted(before - sites_now):
            log.info("attack mode ended", site=key)


async def read_attacks(actor: Actor, *, store: Database) -> list[Attack]:
    """The latest attacks on the actor's sites, newest first."""
    return await store.read(attacks.list_attacks, actor.site_ids())


async def end(actor: Actor, site_key: str, *, store: Database, now: datetime) -> None:
    """End the attack on a site; for an hour no other begins by itself. Raises NotFound."""
    await store.write(_end, actor, site_key, now)


async def set_mode(actor: Actor, site_key: str, mode: str, *, store: Database) -> None:
    """Keep a site's attack mode on, or let it come and go by itself again. Raises NotFound."""
    await store.write(_set_mode, actor, site_key, mode)


def _read_alarms(conn: Connection) -> tuple[Alarm, ...]:
    current = {one.site_id: one for one in attacks.list_attacks(conn, None, only_current=True)}
    return tuple(
        Alarm(
            site.id, site.key, current.get(site.id) if site.policy.attack_mode == "auto" else None
        )
        for site in sites.list_sites(conn)
        if site.is_attacked
    )


def _read_over(conn: Connection, now: datetime) -> list[int]:
    """The sites whose attack is over."""
    current = attacks.list_attacks(conn, None, only_current=True)
    return [one.site_id for one in current if _is_over(conn, one, now)]


def _is_over(conn: Connection, attack: Attack, now: datetime) -> bool:
    if now < attack.began_at + SHORTEST:
        return False
    usual = _CALM_TIMES * attack.usual * CALM.total_seconds() / RECENT
    most = int(max(_CALM_BELOW, usual)) + 1
    return attacks.count_since(conn, attack.site_id, now - CALM, most) < most


def _end(conn: Connection, actor: Actor, site_key: str, now: datetime) -> None:
    attacks.end(conn, _own_site(conn, actor, site_key).id, actor.name, now, quiet=QUIET)


def _set_mode(conn: Connection, actor: Actor, site_key: str, mode: str) -> None:
    sites.set_settings(conn, _own_site(conn, actor, site_key).key, {"attack.mode": mode})


def _own_site(conn: Connection, actor: Actor, key: str) -> Site:
    site = sites.find_site(conn, key)
    if site is None or not actor.may(Role.MODERATOR, site.id):
        raise NotFound("No such site, or not one of yours.")
    return site
