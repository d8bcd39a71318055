"""The parameters of a query string: each parsed once, each error naming its parameter."""

import re
from collections.abc import Mapping

from starlette.datastructures import QueryParams

from service.errors import FieldError, InvalidSubmission
from service.intake.submission import parse_page_url
from service.web.state import DeskRequest

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def page_of(query: QueryParams) -> tuple[str, str]:
    """Site key and page URL, in normal form. Raises InvalidSubmission."""
    if not query.get("site"):
        raise _invalid("site", "required", "Name the site: ?site=…")
    return query["site"], parse_page_url(query.get("page_url", ""))


def limit_of(query: QueryParams, default: int, most: int) -> int:
    """The `limit`, from 1 to `most`. Raises InvalidSubmission."""
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise _invalid("limit", "invalid", f"limit is a number from 1 to {most}.")
    return int(text)


def id_of(query: Mapping[str, str], name: str) -> str | None:
    """A comment's id, or None where the parameter is absent. Raises InvalidSubmission."""
    text = query.get(name, "")
    if text and not is_id(text):
        raise _invalid(name, "invalid-id", f"{name} is not a comment's id.")
    return text or None


def path_id(request: DeskRequest) -> str:
    """The id in the path; the router hands out a UUID, everything else speaks text."""
    return str(request.path_params["id"])


def is_id(text: str) -> bool:
    """Whether this is how ids are spelled: a UUID in lower case with hyphens."""
    return _UUID.fullmatch(text) is not None


def choice_of(query: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """One of `choices`, the first by default. Raises InvalidSubmission."""
    text = query.get(name, choices[0])
    if text not in choices:
        raise _invalid(name, "invalid", f"{name} is one of {', '.join(filter(None, choices))}.")
    return text


def _invalid(name: str, code: str, message: str) -> InvalidSubmission:
    return InvalidSubmission([FieldError(name, code, message)])
