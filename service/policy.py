"""The verdict: every signal, the score and the site's policy → publish, hold or reject, and why.

RULES is the whole of it, in order. The first rule that names an outcome decides; the findings of
all of them are kept as reasons, so the deciding one comes first and a moderator sees the rest.
In doubt, hold: nothing is published or rejected because a part of the service failed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property

from msgspec import Struct

from service.domain import (
    AuthorHistory,
    Cluster,
    Comment,
    Score,
    Signal,
    Site,
    Submission,
    Verdict,
)
from service.rulebook import NO_RULES, RuleBook, Traits
from service.settings import Policy
from service.text import Link, find_links
from service.vocabulary import Band, Code, Effect, Outcome, RuleKind

CLUSTER_HELD_FROM = 3  # near-identical comments; two may be a reader's second try
LIKELY_SPAM_FROM = 0.9  # where the model has no stricter threshold of its own


class Case(Struct, frozen=True, dict=True):
    """What the rules look at; `brought` is what the submission brought along."""

    submission: Submission
    brought: Mapping[Code, Signal]
    score: Score | None
    band: Band
    cluster: Cluster | None
    degraded: bool
    history: AuthorHistory
    policy: Policy
    rules: RuleBook
    attacked: bool
    now: datetime

    @property
    def links(self) -> tuple[Link, ...]:
        return find_links(self.submission.comment)

    @cached_property
    def traits(self) -> Traits:
        return Traits(
            comment=self.submission.comment,
            name=self.submission.name,
            website=self.submission.website,
            email=self.submission.email,
            address=self.submission.address,
        )


class Finding(Struct, frozen=True):
    """What one rule has to say: a signal and, unless it is only a note, an outcome."""

    outcome: Outcome | None
    signal: Signal
    rule_id: str | None = None  # of a rule of the site's own


Rule = Callable[[Case], Finding | None]


def decide(
    submission: Submission, *, score: Score | None, cluster: Cluster | None, degraded: bool,
    history: AuthorHistory, policy: Policy, rules: RuleBook = NO_RULES,
    attacked: bool = False, now: datetime,
) -> Verdict:  # fmt: skip
    """The machine's outcome on a comment, by the first of RULES that names one.

    `score` is None when there is no usable model or it failed, `cluster` when Redis could
    not be asked, `degraded` says that the rate limits had to make do without their store.
    `rules` are the site's own; those that have expired by `now` say nothing. `attacked`: the site
    is under attack.
    """
    brought = {signal.code: signal for signal in reversed(submission.signals)}  # the first of each
    case = Case(
        submission, brought, score, band(score, policy), cluster, degraded, history, policy,
        rules, attacked, now,
    )  # fmt: skip
    findings = [finding for rule in RULES if (finding := rule(case)) is not None]
    decided = next(f.outcome for f in findings if f.outcome is not None)
    return Verdict(
        decided,
        tuple(dict.fromkeys(f.signal for f in findings)),
        tuple(f.rule_id for f in findings if f.rule_id is not None),
    )


def decide_again(
    comment: Comment, submission: Submission, *, score: Score | None, history: AuthorHistory,
    site: Site, now: datetime,
) -> Verdict:  # fmt: skip
    """The outcome now on a comment that is stored, as this submission of it; see `decide`.

    What was found when it came in and cannot be found anew is taken from its reasons.
    """
    known = {reason.code for reason in comment.reasons}
    return decide(
        submission,
        score=score,
        cluster=Cluster(comment.cluster, CLUSTER_HELD_FROM) if Code.DUPLICATE in known else None,
        degraded=Code.LIMITS_DEGRADED in known,
        history=history,
        policy=site.policy,
        rules=site.rules,
        attacked=site.is_attacked,
        now=now,
    )


def thresholds(score: Score, policy: Policy) -> tuple[float, float]:
    """`(publish_below, reject_above)` for this score: the site's where set, else the model's."""
    publish, reject = policy.threshold_publish, policy.reject_above(score.model)
    publish_below = score.publish_below if publish is None else publish
    return publish_below, score.reject_above if reject is None else reject


def band(score: Score | None, policy: Policy) -> Band:
    """A score in words; what is not clearly below the publish threshold is never likely fine."""
    if score is None:
        return Band.UNSCORED
    publish_below, reject_above = thresholds(score, policy)
    if score.probability < publish_below:
        return Band.LIKELY_FINE
    if score.probability >= min(reject_above, LIKELY_SPAM_FROM):
        return Band.LIKELY_SPAM
    return Band.UNSURE


def _if(found: object, outcome: Outcome | None, code: Code, detail: object = "") -> Finding | None:
    return Finding(outcome, Signal(code, str(detail))) if found else None


def _brought(code: Code, outcome: Outcome | None) -> Rule:
    """The submission brought this signal along."""

    def rule(case: Case) -> Finding | None:
        signal = case.brought.get(code)
        return None if signal is None else Finding(outcome, signal)

    return rule


def _listed(kind: RuleKind, effect: Effect, code: Code) -> Rule:
    """A rule of the site's own is met: it names a word, a domain, an address or a network."""
    outcome = Outcome.REJECT if effect is Effect.BLOCK else Outcome.HOLD

    def rule(case: Case) -> Finding | None:
        met = case.rules.find(kind, effect, case.traits, case.now)
        return None if met is None else Finding(outcome, Signal(code, met.value), met.id)

    return rule


def _above_reject_threshold(case: Case) -> Finding | None:
    """Clearly spam by the score, where the site lets the score reject at all."""
    limit = None if case.score is None else case.policy.reject_above(case.score.model)
    above = case.score is not None and limit is not None and case.score.probability > limit
    return _if(above, Outcome.REJECT, Code.SCORE_SPAM)


def _attack_mode(case: Case) -> Finding | None:
    """The site is under attack and holds everything."""
    is_attacked = case.attacked or case.policy.attack_mode == "on"
    return _if(is_attacked, Outcome.HOLD, Code.ATTACK_MODE)


def _unscored(case: Case) -> Finding | None:
    """There is no score: no model, a damaged one, or one that failed on this comment."""
    return _if(case.score is None, Outcome.HOLD, Code.UNSCORED)


def _limits_degraded(case: Case) -> Finding | None:
    """The limits could not count as they should, so a flood might look like a trickle."""
    return _if(case.degraded, Outcome.HOLD, Code.LIMITS_DEGRADED)


def _too_many_links(case: Case) -> Finding | None:
    """More links than the site allows without a look."""
    count = len(case.links)
    return _if(count > case.policy.links_max, Outcome.HOLD, Code.TOO_MANY_LINKS, count)


def _duplicate(case: Case) -> Finding | None:
    """The same text, nearly, came several times within a short while."""
    size = 0 if case.cluster is None else case.cluster.size
    return _if(size >= CLUSTER_HELD_FROM, Outcome.HOLD, Code.DUPLICATE, size)


def _not_below_publish_threshold(case: Case) -> Finding | None:
    """The score is not low enough to publish unseen."""
    code = Code.SCORE_SPAM if case.band is Band.LIKELY_SPAM else Code.SCORE_UNSURE
    return _if(case.band in (Band.LIKELY_SPAM, Band.UNSURE), Outcome.HOLD, code)


def _rejected_before(case: Case) -> Finding | None:
    """Comments under this e-mail were rejected: as spam, or otherwise and the author unproven."""
    spam, rejected = case.history.spam, case.history.rejected
    counts = spam > 0 or (rejected > 0 and not case.submission.author_proven)
    return _if(counts, Outcome.HOLD, Code.REJECTED_BEFORE, max(spam, rejected))


def _proven(case: Case) -> Finding | None:
    """The author confirmed the e-mail address, and nothing above speaks against publishing."""
    outcome = Outcome.PUBLISH if case.policy.publish_proven else None
    return _if(case.submission.author_proven, outcome, Code.PROVEN_AUTHOR)


def _unproven(case: Case) -> Finding | None:
    """Whoever is not trusted waits for a look, where the site wants one, whatever came before."""
    trusted = case.submission.author_proven and case.policy.publish_proven
    first = case.history == AuthorHistory()
    code = Code.FIRST_TIME_AUTHOR if first else Code.UNPROVEN_AUTHOR
    return _if(case.policy.publish_unproven == "hold" and not trusted, Outcome.HOLD, code)


def _fine(case: Case) -> Finding | None:
    """The score is below the publish threshold and nothing above objects."""
    return _if(case.band is Band.LIKELY_FINE, Outcome.PUBLISH, Code.SCORE_FINE)


RULES: tuple[Rule, ...] = (
    # the site said no
    _listed(RuleKind.ADDRESS, Effect.BLOCK, Code.BLOCKED_ADDRESS),
    _listed(RuleKind.EMAIL, Effect.BLOCK, Code.BLOCKED_ADDRESS),
    _listed(RuleKind.DOMAIN, Effect.BLOCK, Code.BLOCKED_DOMAIN),
    _listed(RuleKind.WORD, Effect.BLOCK, Code.BLOCKED_WORD),
    # surely a machine
    _brought(Code.HONEYPOT_FILLED, Outcome.REJECT),
    _above_reject_threshold,
    # nobody is let through now
    _attack_mode,
    _unscored,
    _limits_degraded,
    # a person should look
    _brought(Code.FORM_TOKEN_INVALID, Outcome.HOLD),
    _brought(Code.FORM_TOKEN_REUSED, Outcome.HOLD),
    _brought(Code.TOO_FAST, Outcome.HOLD),
    _brought(Code.PROOF_MISSING, Outcome.HOLD),
    _too_many_links,
    _duplicate,
    _listed(RuleKind.ADDRESS, Effect.HOLD, Code.HELD_ADDRESS),
    _listed(RuleKind.EMAIL, Effect.HOLD, Code.HELD_ADDRESS),
    _listed(RuleKind.DOMAIN, Effect.HOLD, Code.HELD_DOMAIN),
    _listed(RuleKind.WORD, Effect.HOLD, Code.HELD_WORD),
    _not_below_publish_threshold,
    _rejected_before,
    # trust, or the lack of it
    _proven,
    _unproven,
    _fine,
    # notes: without the form's script, or from a cached page, an honest reader has no token
    _brought(Code.FORM_TOKEN_ABSENT, None),
)
