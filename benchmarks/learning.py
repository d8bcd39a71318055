"""A new site learns from 200 decisions: `python -m benchmarks.learning`.

Starts an instance, posts 200 comments of a site on orchards, decides them over the API, and runs
`retrain`, `promote` and `rollback` beside the running service. Another comment is posted each
time to see its score. Prints what was run and what it said.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from benchmarks.instance import COUNTING_LIMITS, SITE, Instance
from tests.deciding import honest, promotion

_DECISIONS = 200
_LATER = 204  # its sentence is none of those decided on
_SMALL = 0.02  # less is no change
_PATIENCE = 10.0  # seconds until every process has taken a model


def main() -> int:
    """Run it and print; 1 unless the score changed and came back."""
    with Instance([*COUNTING_LIMITS, "publish.unproven=score"]) as instance:
        token = instance.run(
            "token", "add", "bench", "--role", "moderator", "--site", SITE
        ).split()[-1]
        desk = _Desk(instance, token)
        asked = _text(_LATER)
        print(f"# a comment: {asked}")
        at_first = desk.score_of(asked)
        print(f"# {_DECISIONS} others posted and decided over the API")
        for number in range(_DECISIONS):
            desk.decide(desk.post(number, _text(number)), spam=number % 2 == 1)
        before = desk.score_of(asked, other_than=at_first)
        name = _told(instance, "retrain").split()[-1]
        _told(instance, "promote", name, "--reason", "learnt from 200 decisions")
        after = desk.score_of(asked, by=name)
        _told(instance, "rollback")
        again = desk.score_of(asked, by="base")
    back = min(abs(again - at_first), abs(again - before))  # the site's correction comes anew
    as_it_should = before < at_first and after < at_first and back < _SMALL
    scores = " → ".join(f"{score:.3f}" for score in (at_first, before, after, again))
    print(f"# {scores}: {'as it should be' if as_it_should else 'WRONG'}")
    return 0 if as_it_should else 1


def _text(number: int) -> str:
    return promotion(number) if number % 2 else honest(number)


def _told(instance: Instance, *words: str) -> str:
    print(f"$ comment-desk {' '.join(words)}")
    said = instance.run(*words).strip()
    print(said, flush=True)
    return said


class _Desk:
    """A program that posts comments and decides them with an API token."""

    def __init__(self, instance: Instance, token: str) -> None:
        self._instance = instance
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._numbers = iter(range(1, 1_000_000))
        self._pause = threading.Event()

    def post(self, number: int, text: str) -> str:
        """The id of a new comment."""
        content = {
            "site": SITE, "page_url": self._instance.page_url("orchard"), "comment": text,
            "name": f"Reader {number}", "email": f"reader{number}@example.org",
        }  # fmt: skip
        address = {"X-Forwarded-For": f"198.51.100.{next(self._numbers) % 250 + 1}"}
        return str(self._call("comments", content, address)["id"])

    def decide(self, comment_id: str, *, spam: bool) -> None:
        """As a moderator would."""
        how = {"outcome": "reject", "reason": "spam"} if spam else {"outcome": "approve"}
        self._call("decisions", {"ids": [comment_id], **how}, self._authorization)

    def score_of(self, text: str, by: str = "", other_than: float = -1.0) -> float:
        """What the service gives a comment, once the model named is in use in it and the score is
        another than before."""
        for tried in self._tries():
            comment_id = self.post(tried + 1000, f"{text} ({tried})")
            query = f"SELECT score, model FROM comment WHERE id = x'{comment_id.replace('-', '')}'"
            (score, model) = self._instance.query(query)[0]
            if by in ("", model) and abs(score - other_than) > _SMALL:
                print(f"# scored {score:.3f} by {model}")
                return float(score)
        raise SystemExit(f"no such score by {by or 'the model'} within {_PATIENCE:.0f} s")

    def _tries(self) -> Iterator[int]:
        until = time.monotonic() + _PATIENCE
        tried = 0
        while time.monotonic() < until:
            yield (tried := tried + 1)
            self._pause.wait(0.25)

    def _call(self, path: str, content: object, headers: dict[str, str]) -> dict[str, Any]:
        url = f"{self._instance.origin}/api/v1/{path}"
        body = json.dumps(content).encode()
        request = Request(url, body, {"Content-Type": "application/json", **headers})
        try:
            with urlopen(request) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except HTTPError as error:
            raise SystemExit(f"{path}: {error.code} {error.read().decode()}") from None


if __name__ == "__main__":
    sys.exit(main())
