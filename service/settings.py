"""The settings of a site, as one table: name, default, how it is read, help.

`site set KEY NAME=VALUE` stores only what differs from the default; `Policy.from_settings` reads
the stored mapping into a frozen value. `docs/operations.md` lists every row and a test holds it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_SPAN = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` events in `period` seconds."""

    count: int
    period: int

    def __str__(self) -> str:
        unit = next((name for name, s in _UNITS.items() if s == self.period), f"{self.period}s")
        return f"{self.count}/{unit}"


def parse_rate(value: str) -> Rate | None:
    """`"10/minute"` → Rate(10, 60); `"off"` → None. Raises ValueError saying what is expected."""
    if value.strip() == "off":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,6})/(second|minute|hour|day)", value.strip())
    if match is None:
        raise ValueError("expected N/second, N/minute, N/hour, N/day or off")
    return Rate(int(match[1]), _UNITS[match[2]])


def parse_span(value: str) -> int:
    """`"15m"` → 900 seconds. Raises ValueError saying what is expected."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", value.strip())
    if match is None:
        raise ValueError("expected a time such as 30s, 15m, 2h or 7d")
    return int(match[1]) * _SPAN[match[2]]


def _parse_threshold(value: str) -> float | None:
    if value.strip() in ("model", "off"):
        return None
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise ValueError("expected a number from 0 to 1, or the word shown as default")
    return number


@dataclass(frozen=True, slots=True)
class Certified:
    """A reject threshold that is certified for the scores of one model; without, for none."""

    model: str | None = None
    threshold: float = 1.0


def _parse_reject(value: str) -> float | Certified | None:
    return Certified() if value.strip() == "certified" else _parse_threshold(value)


def _parse_share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0.0 < share < 1.0:
        raise ValueError("expected a number between 0 and 1, such as 0.01")
    return share


def _parse_count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", value.strip()):
        raise ValueError("expected a whole number from 0 to 9999")
    return int(value)


def _parse_switch(value: str) -> bool:
    if value.strip() not in ("on", "off"):
        raise ValueError("expected on or off")
    return value.strip() == "on"


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip() not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return value.strip()

    return parse


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `field` is the attribute of `Policy` it fills."""

    name: str
    field: str
    default: str
    parse: Callable[[str], Any]
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("limit.address", "limit_address", "10/minute", parse_rate,
            "submissions from one client address prefix (IPv4 /32, IPv6 /64)"),
    Setting("limit.network", "limit_network", "60/minute", parse_rate,
            "submissions from one network (IPv4 /24, IPv6 /48)"),
    Setting("limit.email", "limit_email", "10/minute", parse_rate,
            "submissions under one e-mail address"),
    Setting("limit.page", "limit_page", "120/minute", parse_rate, "submissions on one page"),
    Setting("limit.site", "limit_site", "600/minute", parse_rate, "submissions on the whole site"),
    Setting("publish.unproven", "publish_unproven", "hold", _one_of("hold", "score"),
            "authors not yet proven: hold everything, or let the thresholds decide"),
    Setting("publish.proven", "publish_proven", "on", _parse_switch,
            "publish proven authors at once when nothing speaks against it"),
    Setting("threshold.publish", "threshold_publish", "model", _parse_threshold,
            "publish below this score; model: the model's own threshold"),
    Setting("threshold.reject", "threshold_reject", "off", _parse_reject,
            "reject above this score; off: the score never rejects; certified: what is certified"),
    Setting("threshold.alpha", "threshold_alpha", "0.01", _parse_share,
            "share of honest comments that a certified reject threshold may reject at most"),
    Setting("links.max", "links_max", "3", _parse_count, "hold comments with more links than this"),
    Setting("edit.window", "edit_window", "15m", parse_span,
            "how long authors may edit or withdraw"),
    Setting("form.min-age", "form_min_age", "3s", parse_span,
            "hold forms sent faster than this after they were fetched"),
    Setting("form.max-age", "form_max_age", "1d", parse_span, "how long a form token is good for"),
    Setting("address.kept", "address_kept", "30d", parse_span,
            "how long client addresses are kept with comments"),
    Setting("comments", "comments", "open", _one_of("open", "closed"),
            "whether new comments are taken"),
    Setting("attack.mode", "attack_mode", "auto", _one_of("auto", "on", "off"),
            "on: hold everything; auto: for as long as far more comes than usual"),
    Setting("proof", "proof", "attack", _one_of("attack", "on", "off"),
            "ask browsers for a proof of work: always, or in attack mode"),
    Setting("notify.email", "notify_email", "", str.strip,
            "where the digest of waiting comments goes"),
    Setting("digest", "digest", "daily", _one_of("off", "hourly", "daily"),
            "how often at most notify.email is told that comments wait"),
)  # fmt: skip
BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Policy:
    """A site's settings as values: rates are None when off, spans are seconds."""

    limit_address: Rate | None
    limit_network: Rate | None
    limit_email: Rate | None
    limit_page: Rate | None
    limit_site: Rate | None
    publish_unproven: str
    publish_proven: bool
    threshold_publish: float | None
    threshold_reject: float | Certified | None
    threshold_alpha: float
    links_max: int
    edit_window: int
    form_min_age: int
    form_max_age: int
    address_kept: int
    comments: str
    attack_mode: str
    proof: str
    notify_email: str
    digest: str

    @classmethod
    def from_settings(cls, stored: Mapping[str, str]) -> "Policy":
        """Read stored settings over the defaults. Raises ValueError naming the setting."""
        values: dict[str, Any] = {}
        for setting in SETTINGS:
            values[setting.field] = read_setting(
                setting.name, stored.get(setting.name, setting.default)
            )
        return cls(**values)

    def reject_above(self, model: str) -> float | None:
        """Above which a score of this model rejects by itself; None where it never does.

        What was certified is certified for the model that was in use then, and for no other.
        """
        limit = self.threshold_reject
        if isinstance(limit, Certified):
            return limit.threshold if limit.model == model else None
        return limit


def read_setting(name: str, value: str) -> Any:
    """The parsed value of one setting. Raises ValueError naming it when name or value is wrong."""
    setting = BY_NAME.get(name)
    if setting is None:
        raise ValueError(f"unknown setting {name!r}; known: {', '.join(BY_NAME)}")
    try:
        return setting.parse(value)
    except ValueError as error:
        raise ValueError(f"{name}={value}: {error}") from None


assert {s.field for s in SETTINGS} == {f.name for f in fields(Policy)}
