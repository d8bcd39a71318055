"""A site's own pace: what is far above it is an attack, what is usual or little is none."""

import pytest

from service.pace import RECENT, Count, Pace, attack_in

HOUR = 3600


def counted(
    rate: float, seconds: float, count: Count, *, alike: bool = False, learns: bool = True
) -> Count:
    """So many comments a second, evenly, for so long."""
    start = count.at
    for number in range(1, int(rate * seconds) + 1):
        count = count.count(start + number / rate, is_alike=alike, learns=learns)
    return count


def test_six_comments_at_once_on_a_quiet_site_are_no_attack() -> None:
    count = Count()
    for _ in range(6):
        count = count.count(0.0, is_alike=True, learns=True)

    assert attack_in(count.pace) == ""


def test_a_flood_on_a_quiet_site_is_an_attack_within_seconds() -> None:
    assert attack_in(counted(5, 5, Count()).pace) == "rate"
    assert attack_in(counted(3, 5, Count(), alike=True).pace) == "alike"


@pytest.mark.parametrize("rate", [1, 3])
def test_what_is_usual_on_a_busy_site_is_no_attack_and_eight_times_as_much_is(rate: int) -> None:
    usual = counted(rate, 12 * HOUR, Count())
    more = counted(rate * 3, 60, usual)
    flood = counted(rate * 12, 60, usual)

    assert attack_in(usual.pace) == attack_in(more.pace) == ""
    assert attack_in(flood.pace) == "rate"


def test_what_comes_in_an_attack_is_not_learnt_as_usual() -> None:
    usual = counted(0.1, HOUR, Count())
    attacked = counted(10, HOUR, usual, learns=False)

    assert attacked.pace.usual <= usual.pace.usual
    assert attack_in(attacked.pace) == "rate"


def test_counts_fade_and_a_clock_set_back_does_no_harm() -> None:
    flood = counted(10, 10, Count())
    later = flood.count(flood.at + 10 * RECENT, is_alike=False, learns=True)
    back = flood.count(0.0, is_alike=False, learns=True)

    assert later.pace.recent < 1.1
    assert back.recent == pytest.approx(flood.recent + 1)


def test_likeness_is_named_before_the_rate() -> None:
    assert attack_in(Pace(recent=100, usual=1, alike=100)) == "alike"
