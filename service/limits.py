"""Rate limits: refuses a submission or sign-in that comes too fast, before anything is stored.

The same round trip counts the uses of a form token and finds near-identical recent comments. All of
it lives in Redis. While that is away, slow or full, each process counts for itself by the same rule
and says so, and whatever is admitted then is held for a person.
"""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import structlog
from msgspec import Struct

from service.domain import Cluster, Submission
from service.errors import RateLimited
from service.lane import LinkDown, Script
from service.link import Link
from service.pace import RECENT, USUAL, Count, Pace
from service.settings import Policy, Rate

ADMIT = Script(Path(__file__).with_name("limits.lua").read_text("utf-8"))

_SIGN_IN_PAIR = Rate(5, 60)  # for one name from one address: guessing, without locking the name
_SIGN_IN_ADDRESS = Rate(20, 3600)  # for one address, whatever the names
_CODES = Rate(20, 3600)  # for one person, whatever the address: a code has but a million values
_EDITS = Rate(10, 60)  # of one comment
_REPORTS = Rate(10, 60)  # for one client address prefix
_PREVIEWS = Rate(60, 60)  # for one client address prefix
_MICROSECONDS = 1_000_000
_LIKENESS = 7 * 86_400  # seconds a fingerprint is remembered

log = structlog.get_logger()


class Admission(Struct, frozen=True):
    """A submission was admitted.

    `degraded`: counted by this process alone, since Redis was away. `token_uses`: how often its
    form token was admitted by now, 1 for the first; None without a token or when degraded.
    `cluster`: the near-identical comments of the site; None without a fingerprint or when degraded.
    `pace`: how fast comments come on the site; None without a fingerprint, or where nobody asks.
    """

    degraded: bool
    token_uses: int | None = None
    cluster: Cluster | None = None
    pace: Pace | None = None


class Limit(Struct, frozen=True):
    """One rate on one key. `scope` is the setting's last word: address, network, email…"""

    scope: str
    key: str
    rate: Rate


class Limits:
    """The limiter: one round trip for all limits of a submission; a refusal consumes nothing.

    GCRA, as in ATM's virtual scheduling (ITU-T I.371) and redis-cell: `count` at once, then one
    each `period / count` seconds, so at most `count * (1 + w / period)` in any window of `w`
    seconds. Redis's clock counts, so the clients' may differ. Rates come with each call: a changed
    one holds from the next call on, less what was admitted before. When Redis loses its keys,
    every limit starts afresh.

    Near-identical comments are found by locality-sensitive bands: 64-bit simhashes at most 3 bits
    apart have at least one of their four 16-bit bands in common (Manku, Jain, Das Sarma: Detecting
    Near-Duplicates for Web Crawling, 2007). Remembered for 7 days after the last of them.
    """

    def __init__(
        self,
        link: Link,
        *,
        secret: bytes,
        global_rate: Rate | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link = link
        self._secret = hashlib.sha256(secret).digest()
        self._global_rate = global_rate
        self._local = LocalLimits()
        self._clock = clock
        self._degraded = False

    async def admit(
        self, submission: Submission, policy: Policy, fingerprint: int | None = None, *,
        is_attacked: bool = False,
    ) -> Admission:  # fmt: skip
        """Admit a submission or raise RateLimited with the seconds until it would be admitted.

        `fingerprint` is the comment's unsigned 64-bit simhash, to be compared with others'. With it
        and `attack.mode=auto` the site's pace is counted; while it `is_attacked`, not as usual.
        """
        tag = self._tag(submission.site)
        limits = self._limits_on(submission, policy, tag)
        more: list[str] = []
        if submission.token_nonce:
            more.append(self._key(tag, "token", submission.site, submission.token_nonce))
        digits = "" if fingerprint is None else f"{fingerprint:016x}"
        if digits:
            more += _bands(tag, submission.site, digits)
        pace_key = ""
        if digits and policy.attack_mode == "auto":
            pace_key = self._key(tag, "pace", submission.site)
            more.append(pace_key)
        if not limits and not more:
            return Admission(degraded=False)
        token_seconds = policy.form_max_age if submission.token_nonce else 0
        fading = f"{RECENT} {USUAL} {int(not is_attacked)}" if pace_key else ""
        reply = await self._admit(limits, more, token_seconds, digits, fading)
        if reply is not None:
            return reply
        if not pace_key:
            return Admission(degraded=True)
        pace = self._local.count(pace_key, self._clock(), learns=not is_attacked)
        return Admission(degraded=True, pace=pace)

    async def admit_sign_in(self, name: str, address: str) -> None:
        """Count an attempt to sign in, right or wrong, from a client address prefix.

        Raises RateLimited. While Redis is away each process counts for itself: slower guessing,
        never none and never unlimited.
        """
        tag = self._tag("sign-in")
        pair = self._key(tag, "sign-in", name.casefold(), address)
        alone = self._key(tag, "sign-in-address", address)
        limits = [
            Limit("sign-in", pair, _SIGN_IN_PAIR),
            Limit("sign-in-address", alone, _SIGN_IN_ADDRESS),
        ]
        await self._admit(limits, [], 0, "")

    async def admit_code(self, moderator_id: int, address: str) -> None:
        """Count a code that somebody gives beside a password. Raises RateLimited."""
        tag, person = self._tag("sign-in"), str(moderator_id)
        limits = [
            Limit("sign-in", self._key(tag, "code", person, address), _SIGN_IN_PAIR),
            Limit("sign-in", self._key(tag, "code-person", person), _CODES),
        ]
        await self._admit(limits, [], 0, "")

    async def admit_edit(self, comment_id: str) -> None:
        """Count an edit of a comment, which costs as much as a new one. Raises RateLimited."""
        key = self._key(self._tag("edit"), "edit", comment_id)
        await self._admit([Limit("edit", key, _EDITS)], [], 0, "")

    async def admit_preview(self, prefix: str) -> None:
        """Count a preview for a client address prefix. Raises RateLimited."""
        key = self._key(self._tag("preview"), "preview", prefix)
        await self._admit([Limit("preview", key, _PREVIEWS)], [], 0, "")

    async def admit_report(self, prefix: str) -> None:
        """Count a report for a client address prefix. Raises RateLimited."""
        key = self._key(self._tag("report"), "report", prefix)
        await self._admit([Limit("report", key, _REPORTS)], [], 0, "")

    async def _admit(
        self, limits: list[Limit], more: list[str], token_seconds: int, digits: str,
        fading: str = "",
    ) -> Admission | None:  # fmt: skip
        """What Redis counted; None: admitted by this process alone.

        `more` are the keys beyond the limits': the token's, the fingerprint's, then the pace's.
        """
        rates = " ".join([f"{limit.rate.count}/{limit.rate.period}" for limit in limits])
        keys = [*(limit.key for limit in limits), *more]
        try:
            arguments = (rates, token_seconds, digits, _LIKENESS, fading)
            reply = await self._link.call(ADMIT, keys, arguments)
        except LinkDown as error:
            self._note(degraded=True, error=str(error))
            now = int(self._clock() * _MICROSECONDS)
            wait, number = self._local.admit(limits, now)
            if wait:
                raise _refusal(limits, wait, number) from None
            return None
        self._note(degraded=False)
        match reply:
            case [int(wait), int(number)] if wait:
                raise _refusal(limits, wait, number)
            case [0, int(uses)]:
                return Admission(degraded=False, token_uses=uses or None)
            case [0, int(uses), bytes(cluster), int(size)]:
                return Admission(False, uses or None, Cluster(cluster.decode(), size))
            case [0, int(uses), bytes(cluster), int(size), int(recent), int(usual), int(alike)]:
                pace = Pace(recent / 1000, usual / 1000, alike / 1000)
                return Admission(False, uses or None, Cluster(cluster.decode(), size), pace)
            case _:
                raise TypeError(f"the script replied {reply!r}")

    def _limits_on(self, submission: Submission, policy: Policy, tag: str) -> list[Limit]:
        address, network = (*submission.address_prefixes, "", "")[:2]
        site = submission.site
        counted = (
            ("address", policy.limit_address, address),
            ("network", policy.limit_network, network),
            ("email", policy.limit_email, submission.email.lower()),
            ("page", policy.limit_page, submission.page_url),
            ("site", policy.limit_site, site),
        )
        limits = [
            Limit(scope, self._key(tag, scope, site, what), rate)
            for scope, rate, what in counted
            if rate is not None and what
        ]
        if self._global_rate is not None:
            limits.append(Limit("global", self._key(tag, "global"), self._global_rate))
        return limits

    def _tag(self, own: str) -> str:
        # All keys of one script must live on one node of a cluster. The counter over all sites
        # is in every call, so with it all keys share its node; without it sites spread out.
        return own if self._global_rate is None else "all"

    def _key(self, tag: str, scope: str, *parts: str) -> str:
        # Keyed, so that nobody who reads the keys can test an address or e-mail against them.
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, key=self._secret, digest_size=12).hexdigest()
        return f"desk:{{{tag}}}:{scope}:{digest}"

    def _note(self, *, degraded: bool, error: str = "") -> None:
        if degraded == self._degraded:
            return
        # While one server of a cluster is down, others go on counting: that is no end of it.
        if not degraded and self._link.state.status == "down":
            return
        self._degraded = degraded
        if degraded:
            log.warning("limits-degraded", error=error)
        else:
            log.info("limits-restored")


class LocalLimits:
    """The same GCRA inside one process, for as long as Redis is away.

    Bounded: beyond `capacity` keys the one that was consumed least recently is forgotten.
    """

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._tats: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._counts: OrderedDict[str, Count] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tats)

    def count(self, key: str, now: float, *, learns: bool) -> Pace:
        """The pace with one comment more; `now` in monotonic seconds. Likeness is not known."""
        counted = self._counts.get(key, Count(now)).count(now, is_alike=False, learns=learns)
        self._counts[key] = counted
        self._counts.move_to_end(key)
        while len(self._counts) > self._capacity:
            self._counts.popitem(last=False)
        return counted.pace

    def admit(self, limits: list[Limit], now: int) -> tuple[int, int]:
        """(0, 0) when admitted, else as the script replies; `now` in monotonic microseconds."""
        wait, refused, reckoned = 0, 0, {}
        for number, limit in enumerate(limits, start=1):
            interval = math.ceil(limit.rate.period * _MICROSECONDS / limit.rate.count)
            span = interval * limit.rate.count
            tat, old = self._tats.get(limit.key, (now, interval))
            ahead = max(tat - now, 0)
            if old != interval:
                ahead = math.ceil(ahead / old * interval)
            if ahead > span:  # made tighter
                ahead = span
                self._tats[limit.key] = (now + span, interval)
            tat = now + ahead + interval
            reckoned[limit.key] = (tat, interval)
            if tat - span - now > wait:
                wait, refused = tat - span - now, number
        if wait:
            return wait, refused
        for key, value in reckoned.items():
            self._tats[key] = value
            self._tats.move_to_end(key)
        while len(self._tats) > self._capacity:
            self._tats.popitem(last=False)
        return 0, 0


def _refusal(limits: list[Limit], wait: int, number: int) -> RateLimited:
    return RateLimited(wait / _MICROSECONDS, limits[number - 1].scope)


def _bands(tag: str, site: str, digits: str) -> list[str]:
    """The keys of a fingerprint's four bands."""
    return [f"desk:{{{tag}}}:like:{site}:{n}:{digits[4 * n : 4 * n + 4]}" for n in range(4)]
