"""A comment for which everything speaks, and verdicts on it and on what is less fine."""

from collections.abc import Iterable, Mapping

from service.domain import AuthorHistory, Cluster, Score, Submission, Verdict
from service.policy import decide
from service.rulebook import Rule, RuleBook
from service.settings import Policy
from service.vocabulary import Effect, RuleKind
from tests.factories import NOW

FINE = Score(0.02, "test", publish_below=0.3, reject_above=0.95)
KNOWN = AuthorHistory(published=4)
HARMLESS = Submission(
    site="news",
    page_url="https://news.example/harvest",
    name="Maria",
    email="maria@mail.example",
    comment="My uncle farms there. The well ran dry in June.",
    address="203.0.113.9",
)


def verdict_on(
    submission: Submission = HARMLESS,
    *,
    score: Score | None = FINE,
    cluster: Cluster | None = None,
    degraded: bool = False,
    history: AuthorHistory = KNOWN,
    stored: Mapping[str, str] | None = None,
    rules: Iterable[Rule] = (),
) -> Verdict:
    """A verdict where, but for what the test says, everything speaks for publishing."""
    policy = Policy.from_settings({"publish.unproven": "score", **(stored or {})})
    return decide(
        submission,
        score=score,
        cluster=cluster,
        degraded=degraded,
        history=history,
        policy=policy,
        rules=RuleBook(rules),
        now=NOW,
    )


def blocking(kind: RuleKind, value: str) -> Rule:
    return Rule(f"block {value}", kind, Effect.BLOCK, value)


def holding(kind: RuleKind, value: str) -> Rule:
    return Rule(f"hold {value}", kind, Effect.HOLD, value)
