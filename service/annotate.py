"""What moderators write for one another: notes on comments and authors, snippets for rejecting."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from service.domain import Comment
from service.errors import FieldError, Forbidden, InvalidSubmission, NotFound
from service.persons import Actor
from service.store import comments, notes, sites, snippets
from service.store.database import Database
from service.store.notes import Note
from service.store.snippets import Snippet
from service.tokens import new_id
from service.vocabulary import Role, Status

LONGEST = 2_000  # characters
MOST_SNIPPETS = 9  # of a site: more than that nobody chooses from
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


async def read_notes(about: Sequence[Comment], *, store: Database) -> dict[str, list[Note]]:
    """The notes on each of these comments and its author, oldest first, by comment id.

    The comments are ones that the actor may see.
    """
    return await store.read(notes.list_about, about)


async def add_note(
    actor: Actor, comment_id: str, text: str, *, on_author: bool, store: Database, now: datetime
) -> None:
    """Write a note on a comment, or on its author. Raises NotFound, InvalidSubmission."""
    await store.write(_add_note, actor, comment_id, _clean(text), on_author, now)


async def remove_note(actor: Actor, note_id: str, *, store: Database) -> None:
    """Delete a note: one's own, or as an admin of the site. Raises NotFound, Forbidden."""
    await store.write(_remove_note, actor, note_id)


async def read_snippets(actor: Actor, *, store: Database) -> dict[int, list[Snippet]]:
    """The snippets of the actor's sites, by site id."""
    return await store.read(snippets.list_of, actor.site_ids())


async def add_snippet(
    actor: Actor, site_key: str, text: str, *, store: Database, now: datetime
) -> None:
    """Let a site's moderators choose this text. Raises NotFound, InvalidSubmission."""
    await store.write(_add_snippet, actor, site_key, _clean(text), now)


async def change_snippet(actor: Actor, snippet_id: str, text: str, *, store: Database) -> None:
    """Give a snippet another text; without one it is gone. Raises NotFound, InvalidSubmission."""
    await store.write(_change_snippet, actor, snippet_id, _clean(text) if text.strip() else "")


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise InvalidSubmission([FieldError("text", "required", "Write something first.")])
    if len(text) > LONGEST:
        message = f"There is room for {LONGEST:,} characters; this has {len(text):,}."
        raise InvalidSubmission([FieldError("text", "too-long", message)])
    if _NOT_TEXT.search(text):
        raise InvalidSubmission([FieldError("text", "not-text", "The text is not all text.")])
    return text


def _add_note(
    conn: Connection, actor: Actor, comment_id: str, text: str, on_author: bool, now: datetime
) -> None:
    comment = comments.find_comment(conn, comment_id)
    if comment is None or not actor.may(Role.MODERATOR, comment.site_id):
        raise NotFound
    if on_author and (comment.status is Status.REMOVED or not comment.email):
        raise InvalidSubmission([FieldError("about", "invalid", "The author is not known.")])
    note = Note(
        id=new_id(now), site_id=comment.site_id, comment_id=None if on_author else comment.id,
        email=comment.email.lower() if on_author else None, text=text, actor=actor.name,
        created_at=now,
    )  # fmt: skip
    notes.add(conn, note)


def _remove_note(conn: Connection, actor: Actor, note_id: str) -> None:
    note = notes.find(conn, note_id)
    if note is None or not actor.may(Role.MODERATOR, note.site_id):
        raise NotFound("No such note, or it is gone already.")
    if note.actor != actor.name and not actor.may(Role.ADMIN, note.site_id):
        raise Forbidden("It takes an admin to delete what somebody else wrote.")
    notes.remove(conn, note_id)


def _add_snippet(conn: Connection, actor: Actor, site_key: str, text: str, now: datetime) -> None:
    site = sites.find_site(conn, site_key)
    if site is None or not actor.may(Role.MODERATOR, site.id):
        raise NotFound("No such site, or not one of yours.")
    if len(snippets.list_of(conn, {site.id}).get(site.id, [])) >= MOST_SNIPPETS:
        message = f"A site has {MOST_SNIPPETS} at most: change or remove one first."
        raise InvalidSubmission([FieldError("text", "invalid", message)])
    snippets.add(conn, Snippet(new_id(now), site.id, text, actor.name, now))


def _change_snippet(conn: Connection, actor: Actor, snippet_id: str, text: str) -> None:
    known = snippets.find(conn, snippet_id)
    if known is None or not actor.may(Role.MODERATOR, known.site_id):
        raise NotFound("No such snippet, or it is gone already.")
    snippets.change(conn, snippet_id, text, actor.name)
