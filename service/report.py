"""What a reader may do against a comment: report it to the moderators."""

from datetime import datetime

from sqlalchemy import Connection

from service.intake.page import is_allowed_origin
from service.limits import Limits
from service.store import comments, reports, sites
from service.store.database import Database
from service.tokens import digest, sign
from service.vocabulary import VISIBLE


async def report(
    comment_id: str, *, prefix: str, origin: str, store: Database, limits: Limits, secret: bytes,
    now: datetime,
) -> None:  # fmt: skip
    """Count a reader's report of a published comment; the same address prefix counts once.

    Nothing says whether it counted, so nobody learns which ids there are. `origin` is the browser's
    Origin header, empty where there is none or it is our own. Raises RateLimited, Unavailable.
    """
    await limits.admit_report(prefix)
    reader = digest(sign(secret, "report", comment_id, prefix))
    await store.write(_report, comment_id, reader, origin, now)


def _report(conn: Connection, comment_id: str, reader: bytes, origin: str, now: datetime) -> None:
    comment = comments.find_comment(conn, comment_id)
    if comment is None or comment.status not in VISIBLE:
        return
    site = sites.get_site(conn, comment.site)
    if not origin or is_allowed_origin(origin, site.origins):
        reports.add(conn, comment_id, reader, now)
