"""Codes that are good once."""

from datetime import timedelta

import pyotp
import pytest

from service import one_time
from service.one_time import STEP_SECONDS, step_of
from tests.factories import NOW

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = int(NOW.timestamp()) // STEP_SECONDS


@pytest.mark.parametrize("apart", [-2, -1, 0, 1, 2])
def test_s27_a_code_of_the_step_before_or_after_is_taken_and_no_other(apart: int) -> None:
    at = NOW + timedelta(seconds=apart * STEP_SECONDS)
    code = pyotp.TOTP(SECRET).at(at)

    assert step_of(SECRET, code, NOW) == (STEP + apart if abs(apart) <= 1 else None)


@pytest.mark.parametrize(
    "code", ["", " ", "12345", "1234567", "abcdef", "１２３４５６", "-1", "000000\x00", "9" * 1000]
)
def test_what_is_no_code_is_refused(code: str) -> None:
    assert step_of(SECRET, code, NOW) is None


def test_blanks_in_a_code_do_not_matter() -> None:
    code = pyotp.TOTP(SECRET).at(NOW)

    assert step_of(SECRET, f" {code[:3]} {code[3:]} ", NOW) == STEP


def test_secrets_and_recovery_codes_are_long_and_each_another() -> None:
    codes = {code for _ in range(20) for code in one_time.new_recovery_codes()}
    secrets = {one_time.new_totp_secret() for _ in range(20)}

    assert len(codes) == 20 * one_time.RECOVERY_CODES
    assert {len(code) for code in codes} == {24 + 3}
    assert {len(secret) for secret in secrets} == {32}


def test_a_recovery_code_may_be_typed_in_small_letters_and_without_dashes() -> None:
    code = one_time.new_recovery_codes()[0]

    assert one_time.as_recovery_code(f" {code.lower().replace('-', ' ')} ") == code
