"""Last step of reading: the fields of a body become a Submission, or every bad field is named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.domain import Signal, Submission
from service.errors import FieldError, InvalidSubmission
from service.intake.address import prefixes
from service.intake.email import parse_email
from service.intake.page import normalise_page_url
from service.intake.url import split_web_url
from service.vocabulary import Code

IDEMPOTENCY_KEY_LIMIT = 255

# Not text: C0 controls (tab and line feed are dealt with before) and lone surrogates.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
# At least one character that leaves ink: not blank, not a format character, not a filler.
_VISIBLE = re.compile(
    r"[^\s\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# What a copied address brings along at its ends without anybody seeing it.
_EDGES = " \t\n\xa0\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LANG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_PLAIN_URL = re.compile(r"[A-Za-z0-9!#$%&()*+,./:;=?@\[\]_~|-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?![0-9])|//")
_NO = frozenset({"", "0", "no", "off", "false"})  # what a form says for a box left empty


@dataclass(frozen=True, slots=True)
class _Field:
    """One text field: its limit in code points, and what a reader is told."""

    name: str
    limit: int
    label: str
    required: str = ""
    lines: str = "edges"  # "kept" as written, "joined" to one line, or blanks cut at the "edges"


_FIELDS = (
    _Field("site", 100, "The site's key", "The form does not say which site it belongs to."),
    _Field("page_url", 2048, "The page's address", "The form does not say which page it is on."),
    _Field("page_title", 300, "The page's title", lines="joined"),
    _Field("page_text", 2000, "The page's text", lines="kept"),
    _Field("lang", 100, "The language"),
    _Field("parent_id", 100, "The comment you reply to"),
    _Field("name", 100, "Your name", "Please enter your name.", "joined"),
    _Field("email", 254, "Your e-mail address", "Please enter your e-mail address."),
    _Field("website", 2048, "The address of your website"),
    _Field("comment", 10_000, "Your comment", "Please write a comment.", "kept"),
    _Field("form_token", 500, "The form's token"),
    _Field("author_token", 500, "The author's token"),
    _Field("proof", 5000, "The form's proof of work"),
)
_NO_TEXT = {field.name: "" for field in _FIELDS}
_PAGE_URL = next(field for field in _FIELDS if field.name == "page_url")
_COMMENT = next(field for field in _FIELDS if field.name == "comment")
_NO_OBJECT = FieldError("", "wrong-type", "Send one object with the fields.")


def parse_submission(
    fields: object, *, address: str = "", idempotency_key: str = "", form: bool = False
) -> Submission:
    """A body's fields (a mapping of names to values, as in the API's description) as a Submission.

    `address` is the client's, `idempotency_key` the header's text. A `form` says yes and no in
    words and may leave `https://` out of the website, as readers do. Line ends become LF before
    anything is counted, in code points. Name and title become one line. Unknown fields are
    ignored. A filled honeypot is a signal, not an error. Form and author token are only carried:
    `challenge.check_bots` reads them.

    Raises InvalidSubmission with all bad fields: `required`, `too-long`, `wrong-type` (null too),
    `not-text`, `invalid-email`, `invalid-url`, `invalid-id`; `fields` that is no mapping is field
    "" of the wrong type.
    """
    if not isinstance(fields, Mapping):
        raise InvalidSubmission([_NO_OBJECT])
    errors: list[FieldError] = []
    text = _NO_TEXT.copy()
    for field in _FIELDS:
        if field.required or field.name in fields:
            text[field.name] = _read_text(fields, field, errors)
    submission = Submission(
        site=text["site"],
        page_url=_read_page_url(text["page_url"], errors),
        name=text["name"],
        email=_read_email(text["email"], errors),
        comment=text["comment"],
        website=_read_website(text["website"], errors, form),
        page_title=text["page_title"],
        page_text=text["page_text"],
        lang=_read_lang(text["lang"]),
        parent_id=_read_id(text["parent_id"], errors),
        consent=_read_switch(fields, "consent", errors, form),
        notify=_read_switch(fields, "notify", errors, form),
        confirm=_read_switch(fields, "confirm", errors, form),
        idempotency_key=_read_idempotency_key(idempotency_key, errors),
        form_token=text["form_token"],
        author_token=text["author_token"],
        proof=text["proof"],
        address=address,
        address_prefixes=prefixes(address),
        signals=_read_honeypot(fields, errors),
    )
    if errors:
        raise InvalidSubmission(errors)
    return submission


def parse_page_url(value: str) -> str:
    """A page's address from a query string, in normal form. Raises InvalidSubmission."""
    errors: list[FieldError] = []
    text = _read_text({"page_url": value}, _PAGE_URL, errors)
    page_url = _read_page_url(text, errors)
    if errors:
        raise InvalidSubmission(errors)
    return page_url


def parse_comment(fields: object) -> str:
    """The `comment` field alone, for an edit or a preview. Raises InvalidSubmission."""
    if not isinstance(fields, Mapping):
        raise InvalidSubmission([_NO_OBJECT])
    errors: list[FieldError] = []
    text = _read_text(fields, _COMMENT, errors)
    if errors:
        raise InvalidSubmission(errors)
    return text


def _read_text(fields: Mapping[str, object], field: _Field, errors: list[FieldError]) -> str:
    """The field's text, or "" when it is absent or an error was noted."""
    value = fields.get(field.name, "")
    if value == "" and not field.required:
        return ""
    if not isinstance(value, str):
        errors.append(FieldError(field.name, "wrong-type", f"{field.label} must be text."))
        return ""
    if not value.isprintable():
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        if _NOT_TEXT.search(value):
            message = f"{field.label} contains characters that are not text."
            errors.append(FieldError(field.name, "not-text", message))
            return ""
    if field.lines == "joined":
        value = " ".join(value.split())
    elif field.lines == "edges":
        value = value.strip(_EDGES)
    if len(value) > field.limit:
        message = f"{field.label} can have {field.limit:,} characters; this has {len(value):,}."
        errors.append(FieldError(field.name, "too-long", message))
        return ""
    if field.required and _VISIBLE.search(value) is None:
        errors.append(FieldError(field.name, "required", field.required))
        return ""
    return value


def _read_page_url(text: str, errors: list[FieldError]) -> str:
    if not text:
        return ""
    try:
        page_url = normalise_page_url(text)
    except ValueError:
        message = "The page's address is not a full http or https address."
        errors.append(FieldError("page_url", "invalid-url", message))
        return ""
    if len(page_url) > _PAGE_URL.limit:  # escapes made it longer
        errors.append(FieldError("page_url", "too-long", "The page's address is too long."))
    return page_url


def _read_email(text: str, errors: list[FieldError]) -> str:
    if not text:
        return ""
    try:
        return parse_email(text)
    except ValueError:
        message = "Please enter a complete e-mail address, such as name@example.com."
        errors.append(FieldError("email", "invalid-email", message))
        return ""


def _read_website(text: str, errors: list[FieldError], form: bool) -> str:
    """The website's address as written; escaped where it holds more than plain characters.

    A bare `https://` from a prefilled box is none.
    """
    if not text or text in ("http://", "https://"):
        return ""
    prefixed = form and _SCHEME.match(text) is None
    text = f"https://{text}" if prefixed else text
    try:
        website = split_web_url(text)
        if prefixed and "." not in website.host:
            raise ValueError("a word, not a host")
    except ValueError:
        message = "Please enter a complete web address, such as https://example.com, or none."
        errors.append(FieldError("website", "invalid-url", message))
        return ""
    return text if _PLAIN_URL.fullmatch(text) else str(website)


def _read_lang(text: str) -> str:
    """A language tag (BCP 47), or "" for what is none: a page's mistake is not its reader's."""
    tag = text.replace("_", "-")
    return tag if len(tag) <= 35 and _LANG.fullmatch(tag) else ""


def _read_id(text: str, errors: list[FieldError]) -> str | None:
    if not text:
        return None
    if _UUID.fullmatch(text.lower()) is None:
        message = "The comment you reply to is not named by a valid id."
        errors.append(FieldError("parent_id", "invalid-id", message))
        return None
    return text.lower()


def _read_switch(
    fields: Mapping[str, object], name: str, errors: list[FieldError], form: bool
) -> bool:
    """True or False; in a form a ticked box is sent with whatever text, an empty one mostly not."""
    value = fields.get(name, False)
    if isinstance(value, bool):
        return value
    if form and isinstance(value, str):
        return value.strip().lower() not in _NO
    errors.append(FieldError(name, "wrong-type", f"The field {name} must be true or false."))
    return False


def _read_honeypot(fields: Mapping[str, object], errors: list[FieldError]) -> tuple[Signal, ...]:
    value = fields.get("url2", "")
    if not isinstance(value, str):
        errors.append(FieldError("url2", "wrong-type", "The field url2 must be text."))
        return ()
    return (Signal(Code.HONEYPOT_FILLED),) if value.strip() else ()


def parse_idempotency_key(text: str) -> str:
    """The key of an Idempotency-Key header, "" without one. Raises InvalidSubmission."""
    errors: list[FieldError] = []
    key = _read_idempotency_key(text, errors)
    if errors:
        raise InvalidSubmission(errors)
    return key


def _read_idempotency_key(text: str, errors: list[FieldError]) -> str:
    text = text.strip()
    if len(text) > IDEMPOTENCY_KEY_LIMIT:
        message = f"The Idempotency-Key can have {IDEMPOTENCY_KEY_LIMIT} characters."
        errors.append(FieldError("Idempotency-Key", "too-long", message))
    elif not (text.isascii() and text.isprintable()):
        message = "The Idempotency-Key must be printable ASCII."
        errors.append(FieldError("Idempotency-Key", "not-text", message))
    return text
