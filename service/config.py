"""The service's settings: one frozen value, read from the environment once, by the wiring only."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path

from service.errors import UsageError
from service.settings import Rate, parse_rate

_SECRET_LENGTH = 32  # characters
_EXAMPLES = ("change", "example", "secret", "password")


def _setting(name: str, default: str, meaning: str, *, hidden: bool = False) -> Any:
    """A field of Config: the variable that sets it, its default as text, and what it means."""
    return field(repr=not hidden, metadata={"name": name, "default": default, "help": meaning})


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of the service. `Config.from_environ(os.environ)` reads and checks them."""

    data_dir: Path = _setting(
        "COMMENT_DESK_DATA_DIR",
        "the platform's user data directory",
        "where the embedded database, Valkey, trained models and the secret live",
    )
    database_url: str = _setting(
        "DATABASE_URL", "", "PostgreSQL in place of the embedded SQLite", hidden=True
    )
    redis_url: str = _setting(
        "REDIS_URL", "", "Redis or Valkey in place of the embedded one", hidden=True
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "COMMENT_DESK_TRUSTED_PROXIES",
        "",
        "networks (CIDR, separated by commas) whose X-Forwarded-For is believed",
    )
    public_url: str = _setting(
        "COMMENT_DESK_PUBLIC_URL", "", "the service's own address in links; also a path prefix"
    )
    global_limit: Rate | None = _setting(
        "COMMENT_DESK_GLOBAL_LIMIT",
        "off",
        "submissions over all sites: N/second, N/minute, N/hour or off",
    )
    secret: bytes = _setting(
        "COMMENT_DESK_SECRET",
        "",
        "signs tokens; made in the data directory when absent, required with DATABASE_URL",
        hidden=True,
    )
    metrics_token: str = _setting(
        "COMMENT_DESK_METRICS_TOKEN",
        "",
        "bearer token for /metrics; open to everyone while unset",
        hidden=True,
    )
    smtp_url: str = _setting(
        "COMMENT_DESK_SMTP_URL", "", "outgoing mail; without it mails wait in the outbox",
        hidden=True,
    )  # fmt: skip
    oidc_issuer: str = _setting(
        "COMMENT_DESK_OIDC_ISSUER", "", "an identity provider by which moderators may sign in"
    )
    oidc_client_id: str = _setting(
        "COMMENT_DESK_OIDC_CLIENT_ID", "", "what the provider calls this service"
    )
    oidc_client_secret: str = _setting(
        "COMMENT_DESK_OIDC_CLIENT_SECRET", "", "what the service shows the provider", hidden=True
    )
    mail_from: str = _setting(
        "COMMENT_DESK_MAIL_FROM", "", "the address mails come from, with a name or without"
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, data_dir: str = "") -> Self:
        """Read every setting; `data_dir` wins over the environment. Raises UsageError, naming it.

        Makes the data directory, and the secret in it (mode 0600), when they are needed.
        """
        text = {f.name: environ.get(f.metadata["name"], "").strip() for f in fields(cls)}
        _check_mail(text["smtp_url"], text["mail_from"])
        directory = (
            Path(data_dir or text["data_dir"] or user_data_path("comment-desk", appauthor=False))
            .expanduser()
            .absolute()
        )
        try:
            return cls(
                data_dir=directory,
                database_url=_parse_database_url(text["database_url"]),
                redis_url=_parse_redis_url(text["redis_url"]),
                trusted_proxies=_parse_networks(text["trusted_proxies"]),
                public_url=_parse_public_url(text["public_url"]),
                global_limit=parse_rate(text["global_limit"] or "off"),
                secret=_read_secret(text["secret"], directory, shared=bool(text["database_url"])),
                metrics_token=text["metrics_token"],
                smtp_url=text["smtp_url"],
                **_parse_oidc(text),
                mail_from=text["mail_from"],
            )
        except ValueError as error:
            raise UsageError(f"COMMENT_DESK_GLOBAL_LIMIT: {error}") from None

    def for_child(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of a command of ours that is to work on the same database."""
        own = {name: text for name, text in environ.items() if not name.startswith("PROMETHEUS_")}
        return own | {
            "COMMENT_DESK_DATA_DIR": str(self.data_dir),
            "COMMENT_DESK_SECRET": self.secret.decode("utf-8", "surrogateescape"),
            "DATABASE_URL": self.database_url,
        }


def _parse_database_url(text: str) -> str:
    if text and not (text.startswith(("postgresql://", "postgres://")) and _is_url(text)):
        raise UsageError("DATABASE_URL: expected postgresql://USER:PASSWORD@HOST/NAME")
    return text.replace("postgres://", "postgresql://", 1)


def _parse_redis_url(text: str) -> str:
    one = re.match(r"(?:rediss?|unix)://.", text) and _is_url(text)
    if text and not one and not re.match(r"rediss?\+(?:cluster://.|sentinel://[^/]+/.)", text):
        raise UsageError(
            "REDIS_URL: expected redis://HOST:PORT, unix://PATH, redis+cluster://HOST,… or "
            "redis+sentinel://HOST,…/SERVICE"
        )
    return text


def _parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise UsageError(f"COMMENT_DESK_TRUSTED_PROXIES: {error}") from None


def _parse_public_url(text: str) -> str:
    if text and not (re.match(r"https?://[^/]", text) and _is_url(text)):
        raise UsageError("COMMENT_DESK_PUBLIC_URL: expected http:// or https:// and a host")
    return text.rstrip("/")


def _parse_oidc(text: Mapping[str, str]) -> dict[str, str]:
    """The three settings of an identity provider: all of them and a public URL, or none."""
    names = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
    given = {name: text[name] for name in names}
    if not any(given.values()):
        return given
    issuer = given["oidc_issuer"]
    is_local = re.match(r"http://(127\.0\.0\.1|\[::1\]|localhost)[:/]", f"{issuer}/")
    if not (re.match(r"https://[^/]", issuer) or is_local) or not _is_url(issuer):
        raise UsageError("COMMENT_DESK_OIDC_ISSUER: expected https:// and a host")
    if not all(given.values()) or not text["public_url"]:
        raise UsageError(
            "COMMENT_DESK_OIDC_ISSUER: needs COMMENT_DESK_OIDC_CLIENT_ID,"
            " COMMENT_DESK_OIDC_CLIENT_SECRET and COMMENT_DESK_PUBLIC_URL as well"
        )
    return given


def _check_mail(url: str, sender: str) -> None:
    if not url:
        return
    from service.mail.server import parse_mail_server

    try:
        parse_mail_server(url, "nobody@example.org")
    except ValueError as error:
        raise UsageError(f"COMMENT_DESK_SMTP_URL: {error}") from None
    try:
        parse_mail_server(url, sender)
    except ValueError as error:
        raise UsageError(f"COMMENT_DESK_MAIL_FROM: {error}") from None


def _is_url(text: str) -> bool:
    try:
        return urlsplit(text).port != 0  # reads host and port
    except ValueError:
        return False


def _read_secret(text: str, data_dir: Path, *, shared: bool) -> bytes:
    if text:
        if len(text) < _SECRET_LENGTH or any(word in text.lower() for word in _EXAMPLES):
            raise UsageError(
                f"COMMENT_DESK_SECRET: expected {_SECRET_LENGTH} random characters or more, "
                "such as `openssl rand -hex 32` prints"
            )
        return text.encode()
    if shared:
        raise UsageError("COMMENT_DESK_SECRET: required with DATABASE_URL (replicas share it)")
    path = data_dir / "secret"
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make_secret(path)
        found = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"COMMENT_DESK_DATA_DIR: {error}") from None
    if len(found) < _SECRET_LENGTH:
        raise UsageError(
            f"COMMENT_DESK_DATA_DIR: {path} holds no secret: restore it, or remove it for a new "
            "one, which ends every session and edit token"
        )
    return found


def _make_secret(path: Path) -> None:
    """Written whole before it has its name: of several who start together all read the same."""
    draft = path.with_name(f"secret.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(descriptor)
    with suppress(FileExistsError):  # somebody was faster
        path.hardlink_to(draft)
    draft.unlink()
