"""The verdict: the first rule that speaks decides, and doubt or failure never publishes."""

from dataclasses import replace as replace_policy

import pytest
from msgspec.structs import replace

from service.domain import AuthorHistory, Cluster, Signal, Submission, Verdict
from service.policy import thresholds
from service.rulebook import Rule
from service.settings import Certified, Policy
from service.vocabulary import Code, Outcome, RuleKind
from tests.verdicts import FINE, HARMLESS, KNOWN, blocking, holding, verdict_on


def test_a_harmless_comment_with_a_fine_score_is_published_where_the_score_decides() -> None:
    assert verdict_on() == Verdict(Outcome.PUBLISH, (Signal(Code.SCORE_FINE),))


def changed(**fields: str) -> Submission:
    return replace(HARMLESS, **fields)


REJECTED = {
    "address": (HARMLESS, [blocking(RuleKind.ADDRESS, "203.0.113.0/24")], Code.BLOCKED_ADDRESS),
    "e-mail": (HARMLESS, [blocking(RuleKind.EMAIL, "MARIA@mail.example")], Code.BLOCKED_ADDRESS),
    "e-mail domain": (HARMLESS, [blocking(RuleKind.EMAIL, "@mail.example")], Code.BLOCKED_ADDRESS),
    "domain above": (HARMLESS, [blocking(RuleKind.EMAIL, "@example")], Code.BLOCKED_ADDRESS),
    "domain of a link": (
        changed(comment="See https://a.casino.example/x now"),
        [blocking(RuleKind.DOMAIN, "casino.example")],
        Code.BLOCKED_DOMAIN,
    ),
    "domain with a star": (
        changed(website="https://a.casino.example/x"),
        [blocking(RuleKind.DOMAIN, "*.casino.example")],
        Code.BLOCKED_DOMAIN,
    ),
    "domain in another script": (
        changed(comment="https://казино.рф/"),
        [blocking(RuleKind.DOMAIN, "казино.рф")],
        Code.BLOCKED_DOMAIN,
    ),
    "word": (
        changed(comment="Cheap CIALIS!"),
        [blocking(RuleKind.WORD, "cialis")],
        Code.BLOCKED_WORD,
    ),
    "phrase over a line end": (
        changed(comment="so cheap\npills"),
        [blocking(RuleKind.WORD, "Cheap  Pills")],
        Code.BLOCKED_WORD,
    ),
    "word in the name": (
        changed(name="Casino Bob"),
        [blocking(RuleKind.WORD, "casino")],
        Code.BLOCKED_WORD,
    ),
    "word in the website": (
        changed(website="https://best-casino.example"),
        [blocking(RuleKind.WORD, "casino")],
        Code.BLOCKED_WORD,
    ),
    "honeypot": (
        HARMLESS.with_signals(Signal(Code.HONEYPOT_FILLED)),
        [],
        Code.HONEYPOT_FILLED,
    ),
}


@pytest.mark.parametrize(("submission", "rules", "code"), REJECTED.values(), ids=REJECTED)
def test_what_the_site_blocked_or_surely_a_machine_sent_is_rejected(
    submission: Submission, rules: list[Rule], code: Code
) -> None:
    verdict = verdict_on(submission, rules=rules)

    assert (verdict.outcome, verdict.reasons[0].code) == (Outcome.REJECT, code)


NOT_BLOCKED = {
    "inside a word": (changed(comment="a specialist"), [blocking(RuleKind.WORD, "cialis")]),
    "phrase over two fields": (
        changed(comment="so cheap", name="pills"),
        [blocking(RuleKind.WORD, "cheap pills")],
    ),
    "look-alike domain": (
        changed(comment="https://notcasino.example"),
        [blocking(RuleKind.DOMAIN, "casino.example")],
    ),
    "other network": (
        HARMLESS,
        [blocking(RuleKind.ADDRESS, "203.0.112.0/24"), blocking(RuleKind.ADDRESS, "2001:db8::/32")],
    ),
    "no address": (changed(address=""), [blocking(RuleKind.ADDRESS, "0.0.0.0/0")]),
    "address that is none": (changed(address="unknown"), [blocking(RuleKind.ADDRESS, "0.0.0.0/0")]),
    "part of an e-mail": (
        HARMLESS,
        [blocking(RuleKind.EMAIL, "ria@mail.example"), blocking(RuleKind.EMAIL, "@ail.example")],
    ),
    "entry of punctuation": (
        HARMLESS,
        [
            blocking(RuleKind.WORD, "!"),
            blocking(RuleKind.WORD, "?"),
            blocking(RuleKind.DOMAIN, "*."),
        ],
    ),
}


@pytest.mark.parametrize(("submission", "rules"), NOT_BLOCKED.values(), ids=NOT_BLOCKED)
def test_a_list_matches_whole_words_hosts_and_networks_only(
    submission: Submission, rules: list[Rule]
) -> None:
    assert verdict_on(submission, rules=rules).outcome is Outcome.PUBLISH


def test_a_reason_names_the_word_as_the_site_wrote_it() -> None:
    verdict = verdict_on(
        replace(HARMLESS, comment="c a s i n o"),
        rules=[holding(RuleKind.WORD, "Bingo"), holding(RuleKind.WORD, "Casino")],
    )

    assert verdict.reasons[0] == Signal(Code.HELD_WORD, "Casino")


def test_the_score_rejects_only_where_the_site_lets_it() -> None:
    spam = replace(FINE, probability=0.999)

    assert verdict_on(score=spam).outcome is Outcome.HOLD
    assert verdict_on(score=spam, stored={"threshold.reject": "0.99"}).outcome is Outcome.REJECT
    assert verdict_on(score=spam, stored={"threshold.reject": "0.999"}).outcome is Outcome.HOLD


def test_a_certified_threshold_rejects_for_the_model_it_was_certified_for_alone() -> None:
    spam = replace(FINE, probability=0.99)
    policy = Policy.from_settings({"threshold.reject": "certified"})
    ours, theirs = (
        replace_policy(policy, threshold_reject=Certified(model, 0.98))
        for model in (FINE.model, "next")
    )

    assert [one.reject_above(spam.model) for one in (policy, ours, theirs)] == [None, 0.98, None]
    assert thresholds(spam, ours) == (FINE.publish_below, 0.98)
    assert thresholds(spam, theirs) == (FINE.publish_below, FINE.reject_above)
    assert verdict_on(score=spam, stored={"threshold.reject": "certified"}).outcome is Outcome.HOLD


def test_attack_mode_holds_even_a_proven_author() -> None:
    verdict = verdict_on(replace(HARMLESS, author_proven=True), stored={"attack.mode": "on"})

    assert verdict.outcome is Outcome.HOLD
    assert verdict.reasons[0].code is Code.ATTACK_MODE


@pytest.mark.parametrize("proven", [True, False])
def test_a_missing_score_holds_and_is_told_from_a_finding(proven: bool) -> None:
    verdict = verdict_on(replace(HARMLESS, author_proven=proven), score=None)

    assert verdict.outcome is Outcome.HOLD
    assert verdict.reasons[0].code is Code.UNSCORED
    assert Code.SCORE_SPAM not in {reason.code for reason in verdict.reasons}


def test_degraded_limits_hold() -> None:
    verdict = verdict_on(degraded=True)

    assert verdict.outcome is Outcome.HOLD
    assert verdict.reasons[0].code is Code.LIMITS_DEGRADED


@pytest.mark.parametrize("code", [Code.FORM_TOKEN_INVALID, Code.FORM_TOKEN_REUSED, Code.TOO_FAST])
def test_a_form_that_looks_scripted_is_held_with_its_signal(code: Code) -> None:
    signal = Signal(code, "as intake saw it")

    verdict = verdict_on(HARMLESS.with_signals(signal))

    assert verdict.outcome is Outcome.HOLD
    assert verdict.reasons[0] == signal


def test_an_absent_form_token_is_only_a_note() -> None:
    verdict = verdict_on(HARMLESS.with_signals(Signal(Code.FORM_TOKEN_ABSENT)))

    assert verdict.outcome is Outcome.PUBLISH
    assert verdict.reasons == (Signal(Code.SCORE_FINE), Signal(Code.FORM_TOKEN_ABSENT))


def test_more_links_than_the_site_allows_are_held() -> None:
    two = replace(HARMLESS, comment="https://a.example/1 and https://b.example/2")

    assert verdict_on(two, stored={"links.max": "2"}).outcome is Outcome.PUBLISH
    assert verdict_on(two, stored={"links.max": "1"}).reasons[0] == Signal(Code.TOO_MANY_LINKS, "2")


@pytest.mark.parametrize(
    ("size", "outcome"), [(1, Outcome.PUBLISH), (2, Outcome.PUBLISH), (3, Outcome.HOLD)]
)
def test_the_third_of_near_identical_comments_is_held(size: int, outcome: Outcome) -> None:
    assert verdict_on(cluster=Cluster("c", size)).outcome is outcome


AUTHORS = {
    "unknown": (False, AuthorHistory(), Outcome.HOLD, Code.FIRST_TIME_AUTHOR),
    "known, unproven": (False, KNOWN, Outcome.HOLD, Code.UNPROVEN_AUTHOR),
    "proven": (True, AuthorHistory(), Outcome.PUBLISH, Code.PROVEN_AUTHOR),
    "rejected before": (False, AuthorHistory(rejected=1), Outcome.HOLD, Code.REJECTED_BEFORE),
    "proven, rejected before": (
        True,
        AuthorHistory(rejected=1),
        Outcome.PUBLISH,
        Code.PROVEN_AUTHOR,
    ),
    "proven, spam before": (True, AuthorHistory(spam=1), Outcome.HOLD, Code.REJECTED_BEFORE),
}


@pytest.mark.parametrize(("proven", "history", "outcome", "code"), AUTHORS.values(), ids=AUTHORS)
def test_trust_comes_from_proof_never_from_a_typed_address(
    proven: bool, history: AuthorHistory, outcome: Outcome, code: Code
) -> None:
    author = replace(HARMLESS, author_proven=proven)

    verdict = verdict_on(author, history=history, stored={"publish.unproven": "hold"})

    assert (verdict.outcome, verdict.reasons[0].code) == (outcome, code)


def test_a_site_may_choose_not_to_trust_proven_authors() -> None:
    author = replace(HARMLESS, author_proven=True)

    verdict = verdict_on(author, stored={"publish.unproven": "hold", "publish.proven": "off"})

    assert verdict.outcome is Outcome.HOLD
    assert Signal(Code.PROVEN_AUTHOR) in verdict.reasons


def test_every_reason_is_kept_and_the_deciding_one_comes_first() -> None:
    bad = HARMLESS.with_signals(Signal(Code.FORM_TOKEN_ABSENT), Signal(Code.TOO_FAST))

    verdict = verdict_on(bad, score=None, cluster=Cluster("c", 5), history=AuthorHistory(spam=2))

    assert [reason.code for reason in verdict.reasons] == [
        Code.UNSCORED,
        Code.TOO_FAST,
        Code.DUPLICATE,
        Code.REJECTED_BEFORE,
        Code.FORM_TOKEN_ABSENT,
    ]
