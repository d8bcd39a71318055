"""How fast comments come on a site, against its own usual pace; where an attack begins.

A pace is three counts that fade: of the last half minute all comments and those that resemble
others, and over a day what is usual. `limits.lua` reckons the same in Redis, for all processes.
"""

import math

from msgspec import Struct

RECENT = 30  # seconds in which the two quick counts fade to a third
USUAL = 86_400  # the same for the slow one
_MANY = 20  # recent comments below which no site is under attack, however quiet it was
_ALIKE = 10  # the same for comments that resemble others
_TIMES = 8  # the usual pace


class Pace(Struct, frozen=True):
    """`recent` and `alike` comments of about the last half minute, `usual` for as long a time."""

    recent: float
    usual: float
    alike: float


class Count(Struct, frozen=True):
    """What the pace is reckoned from: faded counts, and the second they were faded to."""

    at: float = 0.0
    recent: float = 0.0
    usual: float = 0.0
    alike: float = 0.0

    def count(self, now: float, *, is_alike: bool, learns: bool) -> "Count":
        """With one comment more. What comes during an attack is not learnt as usual."""
        past = max(0.0, now - self.at)
        quick, slow = math.exp(-past / RECENT), math.exp(-past / USUAL)
        return Count(
            now, self.recent * quick + 1, self.usual * slow + learns, self.alike * quick + is_alike
        )

    @property
    def pace(self) -> Pace:
        """The counts, all for the same length of time."""
        return Pace(self.recent, self.usual * RECENT / USUAL, self.alike)


def attack_in(pace: Pace) -> str:
    """What speaks for an attack: `alike`, `rate`, or "" where nothing does."""
    if pace.alike > max(_ALIKE, _TIMES * pace.usual):
        return "alike"
    return "rate" if pace.recent > max(_MANY, _TIMES * pace.usual) else ""
