"""Every error that reaches a person, as one tree; `web.problems` and the command line render it.

DeskError                       code                   status
├── InvalidSubmission           invalid                422   fields, each with its own code
├── InvalidPassword             invalid-password       422
├── UnreadableBody              unreadable-body        400
├── UnsupportedMediaType        unsupported-media-type 415
├── OriginNotAllowed            origin-not-allowed     403
├── CommentsClosed              comments-closed        403
├── Forbidden                   forbidden              403
├── Unauthorized                unauthorized           401
├── NotFound                    not-found              404
│   ├── UnknownSite             unknown-site           404
│   └── UnknownParent           unknown-parent         404
├── IdempotencyMismatch         idempotency-mismatch   409
├── EditWindowOver              edit-window-over       409
├── RateLimited                 rate-limited           429   retry_after seconds
├── Unavailable                 unavailable            503   retry_after seconds
│   └── Overloaded              overloaded             503   retry_after seconds
└── UsageError                  usage                  exit status 2 of the command line
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its name, a stable code and a plain message."""

    field: str
    code: str
    message: str


class DeskError(Exception):
    """An error a person can understand. `code` and `status` are stable, `detail` is plain text."""

    code = "error"
    status = 500
    title = "Something went wrong"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class InvalidSubmission(DeskError):
    """One or more fields cannot be taken; every bad field is listed."""

    code = "invalid"
    status = 422
    title = "Some fields need attention"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(" ".join(e.message for e in errors))
        self.errors = errors


class InvalidPassword(DeskError):
    """A password that may not be set; the detail says what is asked for."""

    code = "invalid-password"
    status = 422
    title = "This password cannot be used"


class UnreadableBody(DeskError):
    """The body is not what its content type says."""

    code = "unreadable-body"
    status = 400
    title = "The body could not be read"


class UnsupportedMediaType(DeskError):
    """Neither JSON nor a form."""

    code = "unsupported-media-type"
    status = 415
    title = "Send JSON or a form"


class OriginNotAllowed(DeskError):
    """The page or the Origin header is not one of the site's."""

    code = "origin-not-allowed"
    status = 403
    title = "This page is not one of the site's, so it takes no comments."


class CommentsClosed(DeskError):
    """The site takes no comments at the moment."""

    code = "comments-closed"
    status = 403
    title = "Comments are closed"


class Forbidden(DeskError):
    """Signed in, but not allowed to do this here."""

    code = "forbidden"
    status = 403
    title = "Not allowed"


class Unauthorized(DeskError):
    """No valid token or session."""

    code = "unauthorized"
    status = 401
    title = "Sign in first, or send Authorization: Bearer TOKEN"


class NotFound(DeskError):
    """Nothing here, or nothing for whoever asks."""

    code = "not-found"
    status = 404
    title = "Not found"


class UnknownSite(NotFound):
    """No site has this key."""

    code = "unknown-site"
    title = "No such site"


class UnknownParent(NotFound):
    """The comment replied to is not published on this page."""

    code = "unknown-parent"
    title = "The comment you reply to is not there"


class IdempotencyMismatch(DeskError):
    """The idempotency key was used before with another body."""

    code = "idempotency-mismatch"
    status = 409
    title = "This Idempotency-Key was used with another body"


class EditWindowOver(DeskError):
    """The comment can no longer be changed by its author."""

    code = "edit-window-over"
    status = 409
    title = "This comment can no longer be changed"


_COUNTED = {
    "sign": "attempts to sign in",
    "edit": "changes",
    "preview": "previews",
    "stream": "open desks",
}


class RateLimited(DeskError):
    """Too many submissions or sign-ins; `retry_after` is in seconds, `scope` says which limit."""

    code = "rate-limited"
    status = 429
    title = "Too many in a short time"

    def __init__(self, retry_after: float, scope: str) -> None:
        what = _COUNTED.get(scope.partition("-")[0], "comments")
        super().__init__(f"Too many {what} in a short time. Please try again later.")
        self.retry_after = retry_after
        self.scope = scope


class Unavailable(DeskError):
    """The service cannot take this now; `retry_after` is in seconds."""

    code = "unavailable"
    status = 503
    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", retry_after: float = 2) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """More is under way than can be dealt with; nothing of this was looked at."""

    code = "overloaded"
    title = "Too much at once"

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            "More comments come in than can be dealt with. Please send yours again in a moment.",
            retry_after,
        )


class UsageError(DeskError):
    """The command line cannot do this; the detail names the argument, setting or line."""

    code = "usage"
