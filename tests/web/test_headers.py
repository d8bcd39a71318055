"""A request's headers by name."""

from service.web.headers import header


def test_the_first_of_several_headers_counts_and_an_absent_one_is_empty() -> None:
    scope = {"headers": [(b"host", b"a"), (b"origin", b"first"), (b"origin", b"second")]}

    assert header(scope, b"origin") == b"first"
    assert header(scope, b"host") == b"a"
    assert header(scope, b"cookie") == b""
