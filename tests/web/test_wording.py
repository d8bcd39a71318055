"""Every code, band and status has its words."""

from datetime import UTC, datetime, timedelta

import pytest

from service.domain import AuditEntry
from service.vocabulary import FAILURES, Band, Code, Reason, Status
from service.web import wording

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_there_are_words_for_everything_a_moderator_may_see() -> None:
    assert set(wording.CODES) == set(Code)
    assert set(wording.BANDS) == set(Band)
    assert set(wording.STATUSES) == set(Status)
    assert set(wording.REASONS) == set(Reason)


@pytest.mark.parametrize("code", list(Code))
def test_each_code_is_one_plain_sentence_with_and_without_what_was_seen(code: Code) -> None:
    for detail in ("", "7"):
        sentence = wording.why(code, detail)

        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "{}" not in sentence
        assert code.value not in sentence or "-" not in code.value


def test_a_failure_never_sounds_like_a_finding() -> None:
    for code in FAILURES:
        assert "This says nothing about the comment." in wording.why(code, "")


@pytest.mark.parametrize(
    ("actor", "action", "detail", "words"),
    [
        ("system", "hold", "score-unsure,too-many-links",
         ("The machine: held for review", "score unsure, many links")),
        ("max", "approve", "", ("max approved it", "")),
        ("max", "approve", "a fine note", ("max approved it", "a fine note")),
        ("max", "reject", "spam: sells pills", ("max rejected it: spam", "sells pills")),
        ("max", "reject", "why not", ("max rejected it", "why not")),
        ("max", "undo", "approve", ("max took a decision back", "")),
        ("author", "edit", "score-fine",
         ("The author changed the text", "scored as fine")),
        ("author", "withdraw", "", ("The author withdrew it", "")),
    ],
)  # fmt: skip
def test_a_line_of_the_trail_is_a_sentence(
    actor: str, action: str, detail: str, words: tuple[str, str]
) -> None:
    entry = AuditEntry("id", NOW, actor, action, None, Status.HELD, detail)

    assert wording.step(entry) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 second"), (1, "1 second"), (59, "59 seconds"), (61, "2 minutes"), (3600, "1 hour"),
     (7199, "1 hour"), (90_000, "1 day"), (86400 * 3, "3 days")],
)  # fmt: skip
def test_a_span_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    assert wording.span(seconds) == words


def test_times_are_told_as_people_tell_them() -> None:
    assert wording.ago(NOW, NOW) == "just now"
    assert wording.ago(NOW - timedelta(minutes=5), NOW) == "5 minutes ago"
    assert wording.ago(NOW + timedelta(minutes=5), NOW) == "just now"
    assert wording.moment(NOW) == "1 March 2026, 12:00 UTC"
