"""What mails say, whole sentences in one place.

Nothing a stranger typed stands in them but the address of the page, which lies on the site, and a
name that holds no link: mail programs make a link of everything that looks like one.
"""

from datetime import datetime

_WHY = (
    "You get this mail because somebody, most likely you, typed your address under an article.\n"
    "If it was not you, do nothing: the link is of no use to anybody else, and no more mail comes"
    " because of it.\n"
)


def confirm(site: str, page_url: str, link: str, *, proof: bool, replies: bool) -> tuple[str, str]:
    """Subject and text of the mail that an address is confirmed with."""
    does = {
        (True, True): "Confirm it to have your comments published at once where nothing speaks"
        " against it, and to be told of replies by mail:",
        (True, False): "Confirm it to have your comments published at once where nothing speaks"
        " against it:",
        (False, True): "Confirm it to be told by mail when somebody replies to your comment:",
    }[proof, replies]
    return f"Confirm your e-mail address for {site}", (
        f"A comment was written with your e-mail address on {site}, under this article:\n\n"
        f"{page_url}\n\n{does}\n\n{link}\n\nThe link is good for seven days, and once.\n\n{_WHY}"
    )


def reply(site: str, name: str, place: str, link: str) -> tuple[str, str]:
    """Subject and text of the mail about a reply; `name` is empty where it may not be shown."""
    who = f"{name} has replied" if name else "Somebody has replied"
    return f"A reply to your comment on {site}", (
        f"{who} to your comment on {site}. Read it here:\n\n{place}\n\n"
        f"You asked to be told of replies. To end that, follow this link:\n\n{link}\n"
    )


def digest(site: str, count: int, oldest: datetime, spam: int, link: str) -> tuple[str, str]:
    """Subject and text of the mail to moderators about what waits."""
    waiting = "1 comment waits" if count == 1 else f"{count:,} comments wait"
    also = (
        ""
        if not spam
        else "One more looks like spam.\n"
        if spam == 1
        else f"{spam:,} more look like spam.\n"
    )
    return f"{waiting} on {site}", (
        f"{waiting} on {site} for a moderator.\n"
        f"The oldest came in on {oldest.day} {oldest:%B %Y at %H:%M} UTC.\n{also}\n"
        f"To the desk:\n\n{link}\n"
    )
