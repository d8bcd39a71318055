"""The nouns: what an actor may do, what an author is told, what may not be changed."""

import pytest

from service.domain import Signal, Verdict
from service.persons import Actor
from service.vocabulary import FAILURES, OPEN, VISIBLE, Code, Outcome, Role, Status
from tests.factories import a_submission


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_author_is_never_told_rejected(outcome: Outcome) -> None:
    assert outcome.told in (Status.PUBLISHED, Status.HELD)
    assert (outcome.told is Status.PUBLISHED) == (outcome.status is Status.PUBLISHED)


def test_readers_see_what_is_published_and_moderators_wait_for_what_is_held() -> None:
    assert {Status.PUBLISHED} == VISIBLE
    assert {Status.HELD} == OPEN


def test_each_role_includes_those_before_it() -> None:
    order = [Role.VIEWER, Role.MODERATOR, Role.ADMIN]

    for place, role in enumerate(order):
        assert [role.includes(other) for other in order] == [n <= place for n in range(3)]


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("asked", list(Role))
def test_a_role_on_one_site_says_nothing_of_another(held: Role, asked: Role) -> None:
    actor = Actor("max", {1: held})

    assert actor.may(asked, 1) == held.includes(asked)
    assert not actor.may(asked, 2)
    assert actor.site_ids(asked) == (frozenset({1}) if held.includes(asked) else frozenset())


@pytest.mark.parametrize("asked", list(Role))
def test_a_role_everywhere_holds_on_every_site_and_none_on_no_site(asked: Role) -> None:
    assert Actor("ada", {None: Role.ADMIN}).site_ids(asked) is None
    assert Actor("ada", {None: Role.ADMIN}).may(asked, 7)
    assert Actor("nobody", {}).site_ids(asked) == frozenset()
    assert not Actor("nobody", {}).may(asked, 7)


def test_failures_are_told_from_findings() -> None:
    assert {code for code in Code if Signal(code).is_failure} == FAILURES


def test_a_verdict_keeps_its_reasons_in_order() -> None:
    verdict = Verdict(Outcome.HOLD, (Signal(Code.UNSCORED), Signal(Code.DUPLICATE, "4")))

    assert verdict.codes == "unscored,duplicate"


def test_values_are_replaced_and_never_changed() -> None:
    submission = a_submission()
    with_more = submission.with_signals(Signal(Code.TOO_FAST))

    assert submission.signals == ()
    assert with_more.signals == (Signal(Code.TOO_FAST),)
    with pytest.raises(AttributeError, match="immutable"):
        submission.name = "Eve"  # type: ignore[misc]


@pytest.mark.parametrize("values", [Status, Outcome, Role, Code])
def test_enum_values_are_lower_case_with_hyphens(values: type[Status]) -> None:
    for value in values:
        assert value == value.lower().replace("_", "-").strip()
