"""What was wrong, in the language of a page; JSON says it in English, beside a stable code."""

from service.errors import FieldError
from service.web.languages import ENGLISH, gettext, later, spoken

# Sentences of errors, which other modules say: listed here to be translated.
SENTENCES = (
    later("Some fields need attention"),
    later("This password cannot be used"),
    later("The body could not be read"),
    later("Send JSON or a form"),
    later("This page is not one of the site's, so it takes no comments."),
    later("Comments are closed"),
    later("Not allowed"),
    later("Sign in first, or send Authorization: Bearer TOKEN"),
    later("Not found"),
    later("No such site"),
    later("The comment you reply to is not there"),
    later("This Idempotency-Key was used with another body"),
    later("This comment can no longer be changed"),
    later("Too many in a short time"),
    later("Temporarily unavailable"),
    later("Too much at once"),
    later("Something went wrong"),
    later("More comments come in than can be dealt with. Please send yours again in a moment."),
    later("The form does not say which site it belongs to."),
    later("The form does not say which page it is on."),
    later("Please enter your name."),
    later("Please enter your e-mail address."),
    later("Please write a comment."),
    later("Please enter a complete e-mail address, such as name@example.com."),
    later("Please enter a complete web address, such as https://example.com, or none."),
    later("The page's address is not a full http or https address."),
    later("The comment you reply to is not named by a valid id."),
    later("Choose what to decide."),
    later("Tick at least one comment."),
    later("A reason goes with reject."),
    later("Write something first."),
    later("The text is not all text."),
    later("Name or password is not right."),
    later("This is not your present password."),
)
# The same for what is put together from parts.
_TOGETHER = (
    later("Too many comments in a short time. Please try again later."),
    later("Too many changes in a short time. Please try again later."),
    later("Too many attempts to sign in in a short time. Please try again later."),
)
_SHORT = {
    "too-long": later("This is too long."),
    "not-text": later("This contains characters that are not text."),
}


def slip(error: FieldError) -> str:
    """What is wrong with a field; in short where the language has no words for all of it."""
    told = gettext(error.message)
    if told == error.message and spoken() != ENGLISH and error.code in _SHORT:
        return gettext(_SHORT[error.code])
    return told
