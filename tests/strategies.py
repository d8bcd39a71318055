"""Hypothesis strategies for our nouns: what may reach a stage, within its type."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from service.domain import AuthorHistory, Cluster, Score, Signal, Submission
from service.rulebook import Rule, RuleBook
from service.settings import Policy
from service.vocabulary import Code, Effect, RuleKind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

words = st.sampled_from(["casino", "cheap pills", "harvest", "specialist", "água", "казино"])
domains = st.sampled_from(["spam.example", "casino.example", "news.example", "пример.example"])
texts = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.one_of(words, domains.map("https://{}/x".format), st.text(max_size=8)), max_size=8
    ).map(" ".join),
)
signals = st.builds(
    Signal,
    st.sampled_from(
        [
            Code.HONEYPOT_FILLED,
            Code.FORM_TOKEN_ABSENT,
            Code.FORM_TOKEN_INVALID,
            Code.FORM_TOKEN_REUSED,
            Code.TOO_FAST,
        ]
    ),
)
addresses = st.one_of(st.just(""), st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str))
submissions = st.builds(
    Submission,
    site=st.just("news"),
    page_url=st.just("https://news.example/harvest"),
    name=texts,
    email=st.sampled_from(["ann@news.example", "Bob@Mail.Spam.example", "eva@пример.example"]),
    comment=texts,
    website=st.one_of(st.just(""), domains.map("https://{}/me".format)),
    author_proven=st.booleans(),
    address=addresses,
    signals=st.lists(signals, max_size=3).map(tuple),
)
probabilities = st.floats(0, 1)
scores = st.builds(
    Score,
    probability=probabilities,
    model=st.just("test"),
    publish_below=probabilities,
    reject_above=probabilities,
)
clusters = st.builds(Cluster, id=st.just("c"), size=st.integers(1, 10))
counts = st.integers(0, 3)
histories = st.builds(AuthorHistory, published=counts, rejected=counts, spam=counts, held=counts)
_thresholds = st.one_of(st.just(""), probabilities.map(lambda p: f"{p:.6f}"))

_values = {
    RuleKind.WORD: st.one_of(words, domains),
    RuleKind.DOMAIN: st.one_of(words, domains),
    RuleKind.EMAIL: st.sampled_from(["@spam.example", "ann@news.example"]),
    RuleKind.ADDRESS: st.sampled_from(["0.0.0.0/1", "2000::/3"]),
}
rules = st.sampled_from(RuleKind).flatmap(
    lambda kind: st.builds(
        Rule,
        id=st.uuids().map(str),
        kind=st.just(kind),
        effect=st.sampled_from(Effect),
        value=_values[kind],
    )
)
rulebooks = st.lists(rules, max_size=4).map(RuleBook)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A site's policy, as its settings would make it."""
    return Policy.from_settings(
        {
            "publish.unproven": draw(st.sampled_from(["hold", "score"])),
            "publish.proven": draw(st.sampled_from(["on", "off"])),
            "threshold.publish": draw(_thresholds) or "model",
            "threshold.reject": draw(_thresholds) or "off",
            "links.max": str(draw(st.integers(0, 3))),
            "attack.mode": draw(st.sampled_from(["off", "on"])),
        }
    )
