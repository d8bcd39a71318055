"""The fields of a request's body, whatever it came as: JSON, urlencoded or multipart."""

from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException

from service.errors import UnreadableBody, UnsupportedMediaType
from service.intake.body import MAX_FIELDS, parse_json, parse_urlencoded
from service.web.headers import header
from service.web.state import DeskRequest

MAX_BODY = 256 * 1024  # bytes; `middleware` answers 413 to more before anything is parsed


async def read_fields(request: DeskRequest) -> tuple[object, bool]:
    """The body's value, and whether it came as a form. Raises UnreadableBody and 415."""
    kind = header(request.scope, b"content-type").partition(b";")[0].strip().lower()
    if header(request.scope, b"content-encoding").lower() not in (b"", b"identity"):
        await request.body()  # too large is said first; nothing is ever unpacked
        raise UnsupportedMediaType("Send the body without Content-Encoding.")
    if kind == b"application/json":
        return parse_json(await request.body()), False
    if kind == b"application/x-www-form-urlencoded":
        return parse_urlencoded(await request.body()), True
    if kind == b"multipart/form-data":
        return await _read_multipart(request), True
    raise UnsupportedMediaType


async def read_json(request: DeskRequest) -> object:
    """A JSON body's value; anything else is 415, so that no cross-site form can speak for us."""
    fields, is_form = await read_fields(request)
    if is_form:
        raise UnsupportedMediaType("Send JSON.")
    return fields


def wants_json(request: DeskRequest, is_form: bool) -> bool:
    """Whether to answer in JSON: a JSON body always, a form when it says so."""
    return not is_form or "application/json" in request.headers.get("accept", "")


async def _read_multipart(request: DeskRequest) -> dict[str, str]:
    _, options = parse_options_header(request.headers.get("content-type", ""))
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise UnreadableBody("Send the form in UTF-8.")  # the parser would take any codec's name
    try:
        (await request.body()).decode()  # the parser would take other bytes for Latin-1
    except UnicodeDecodeError:
        raise UnreadableBody("The form is not UTF-8.") from None
    try:
        form = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_BODY)
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise UnreadableBody(f"The form could not be read: {error.detail}.") from None
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in fields or not isinstance(value, str):
            raise UnreadableBody(f"The form gives the field {name[:40]!r} twice, or as a file.")
        fields[name] = value
    return fields
