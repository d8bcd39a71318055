"""First step of intake: the bytes of a JSON or urlencoded body become plain values, or a 400."""

import json
import re
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from service.errors import UnreadableBody

MAX_FIELDS = 100  # of an urlencoded body; our own form has twelve

_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def parse_json(body: bytes) -> object:
    r"""The value of a JSON text (RFC 8259) in UTF-8 without a byte order mark.

    A lone surrogate written as `\ud800` survives: the check of its field answers for it. Raises
    UnreadableBody for anything malformed, for a key given twice in one object (readers disagree
    about which one counts), NaN, Infinity, integers of more than 4,300 digits, and nesting deeper
    than the interpreter follows (about a thousand levels).
    """
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise UnreadableBody(f"The body is not UTF-8: bad byte at {error.start}.") from None
    except json.JSONDecodeError as error:
        raise UnreadableBody(f"The body is not JSON: {error.msg} at {error.pos}.") from None
    except RecursionError:
        raise UnreadableBody("The body is nested too deeply.") from None
    except ValueError as error:
        raise UnreadableBody(f"The body is not JSON we take: {error}.") from None


def _object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _parse_int(digits: str) -> int:
    if len(digits) > 4300:  # CPython's own limit, whose message would speak of `sys`
        raise ValueError("a number has too many digits")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object_of, parse_constant=_refuse_constant, parse_int=_parse_int
)


def parse_urlencoded(body: bytes, *, max_fields: int = MAX_FIELDS) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body, percent-encoded or raw UTF-8.

    `+` is a blank, a field without `=` is empty, an empty piece between two `&` is skipped.
    Raises UnreadableBody for a broken percent-escape, bytes that are not UTF-8, more than
    `max_fields` fields, or a field given twice (as for JSON, nobody could say which one counts).
    """
    if _BAD_PERCENT.search(body):
        raise UnreadableBody("The form is not well encoded: % without two hexadecimal digits.")
    if body.count(b"&") >= max_fields:
        raise UnreadableBody(f"The form has more than {max_fields} fields.")
    fields: dict[str, str] = {}
    for piece in body.replace(b"+", b" ").split(b"&"):
        if not piece:
            continue
        name, _, value = piece.partition(b"=")
        key = _decoded(name)
        if key in fields:
            raise UnreadableBody(f"The form gives the field {key[:40]!r} twice.")
        fields[key] = _decoded(value)
    return fields


def _decoded(text: bytes) -> str:
    try:
        return (unquote_to_bytes(text) if b"%" in text else text).decode()
    except UnicodeDecodeError:
        raise UnreadableBody("The form is not UTF-8.") from None
