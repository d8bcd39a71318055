"""What the limiter's tests share: a limiter on a link, submissions, and many attempts at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from msgspec.structs import replace

from service.domain import Submission
from service.errors import RateLimited
from service.limits import Admission, Limits
from service.link import open_link
from service.settings import Policy, Rate

SECRET = b"a secret of the tests"
OFF = {
    "attack.mode": "off",
    **{f"limit.{scope}": "off" for scope in ("address", "network", "email", "page", "site")},
}


@asynccontextmanager
async def limiting(url: str, global_rate: Rate | None = None) -> AsyncIterator[Limits]:
    link = open_link(url)
    try:
        yield Limits(link, secret=SECRET, global_rate=global_rate)
    finally:
        await link.aclose()


def a_policy(**limits: str) -> Policy:
    return Policy.from_settings(OFF | {f"limit.{name}": rate for name, rate in limits.items()})


def a_submission(site: str, **changes: object) -> Submission:
    submission = Submission(
        site=site,
        page_url="https://news.example/a",
        name="Ann",
        email="ann@example.org",
        comment="Hello",
        address_prefixes=("203.0.113.9/32", "203.0.113.0/24"),
    )
    return replace(submission, **changes)


async def attempt(admit: Awaitable[Admission | None]) -> Admission | RateLimited | None:
    try:
        return await admit
    except RateLimited as refusal:
        return refusal


async def attempts(
    limits: Limits, submission: Submission, policy: Policy, number: int
) -> tuple[list[Admission], list[RateLimited]]:
    """What so many attempts at once came to: the admissions and the refusals."""
    outcomes = await asyncio.gather(
        *(attempt(limits.admit(submission, policy)) for _ in range(number))
    )
    admitted = [outcome for outcome in outcomes if isinstance(outcome, Admission)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    return admitted, refused
