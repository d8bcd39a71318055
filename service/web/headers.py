"""A request's headers by name, told apart once for all who ask."""

from starlette.types import Scope

_BY_NAME = "desk.headers"


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of this name, in lower case, or nothing."""
    by_name: dict[bytes, bytes] | None = scope.get(_BY_NAME)
    if by_name is None:
        by_name = scope[_BY_NAME] = dict(reversed(scope["headers"]))
    return by_name.get(name, b"")
