"""Rate limits: refuses a submission or sign-in that comes too fast, before anything is stored.

The counters live in Redis. While it is away, slow or full, each process counts for itself by the
same rule and says so, and whatever is admitted then is held for a person.
"""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from service.domain import Submission
from service.errors import RateLimited
from service.link import Link, LinkDown, Reply, Script
from service.settings import Policy, Rate

ADMIT = Script(Path(__file__).with_name("limits.lua").read_text("utf-8"))

_SIGN_IN_PAIR = Rate(5, 60)  # for one name from one address: guessing, without locking the name
_SIGN_IN_ADDRESS = Rate(20, 3600)  # for one address, whatever the names
_MICROSECONDS = 1_000_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Admission:
    """A submission was admitted.

    `degraded`: counted by this process alone, since Redis was away. `token_uses`: how often its
    form token was admitted by now, 1 for the first; None without a token or when degraded.
    """

    degraded: bool
    token_uses: int | None


@dataclass(frozen=True, slots=True)
class Limit:
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

    @property
    def degraded(self) -> bool:
        """Whether the last call was counted by this process alone."""
        return self._degraded

    async def admit(self, submission: Submission, policy: Policy) -> Admission:
        """Admit a submission or raise RateLimited with the seconds until it would be admitted."""
        tag = self._tag(submission.site)
        limits = self._limits_on(submission, policy, tag)
        keys = [limit.key for limit in limits]
        if submission.token_nonce:
            keys.append(self._key(tag, "token", submission.site, submission.token_nonce))
        if not keys:
            return Admission(degraded=False, token_uses=None)
        uses = await self._admit(limits, keys, policy.form_max_age)
        return Admission(degraded=uses is None, token_uses=uses or None)

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
        await self._admit(limits, [pair, alone], 0)

    async def _admit(self, limits: list[Limit], keys: list[str], token_seconds: int) -> int | None:
        """The token's uses (0: none counted), or None when admitted by this process alone."""
        rates = " ".join([f"{limit.rate.count}/{limit.rate.period}" for limit in limits])
        try:
            reply = await self._link.call(ADMIT, keys, (rates, token_seconds))
        except LinkDown as error:
            self._note(degraded=True, error=str(error))
            now = int(self._clock() * _MICROSECONDS)
            _refuse(limits, *self._local.admit(limits, now))
            return None
        self._note(degraded=False)
        wait, number = _pair(reply)
        if wait:
            _refuse(limits, wait, number)
        return number

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

    def __len__(self) -> int:
        return len(self._tats)

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


def _refuse(limits: list[Limit], wait: int, number: int) -> None:
    if wait:
        raise RateLimited(wait / _MICROSECONDS, limits[number - 1].scope)


def _pair(reply: Reply) -> tuple[int, int]:
    match reply:
        case [int(first), int(second)]:
            return first, second
        case _:
            raise TypeError(f"the script replied {reply!r}")
