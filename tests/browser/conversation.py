"""A conversation under the demo article, spam included, sent as readers would send it."""

from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Written:
    """What somebody writes; `answers` is the place in the list of the comment it replies to."""

    name: str
    comment: str
    website: str = ""
    lang: str = "en"
    answers: int | None = None

    @property
    def email(self) -> str:
        """An address made of the name."""
        letters = "".join(c for c in self.name.lower() if c.isascii() and c.isalnum())
        return f"{letters or 'reader'}@mail.example"


READERS = (
    Written(
        "Ingrid",
        "The part about uneven doses deserves more room. People I worked with thought *weak*"
        " batches meant it was getting safer, and that is exactly backwards.",
        "https://ingrid.example",
    ),
    Written(
        "Teo",
        "Is the drop in autumn really the post, or did they just open fewer lorries? The report"
        " must say how many were inspected.",
    ),
    Written(
        "Marisol",
        "Trabajo en una farmacia del lado sur. Las tiras reactivas se acaban en dos días y nadie"
        " nos dice cuándo llegan más. Una línea telefónica en los dos idiomas ayudaría mucho.",
        lang="es",
        answers=0,
    ),
    Written(
        "Ingrid",
        "Gracias, Marisol. Here it is the same: the strips are free, when there are any.",
        "https://ingrid.example",
        answers=2,
    ),
    Written(
        "Ruth",
        "Page 14 has it: inspections fell by a third while the second scanner was repaired.\n\n"
        "> more staff and a second scanner explain part of the rise\n\n"
        "So the fall has an explanation of the same kind.",
        answers=1,
    ),
    Written("يوسف", "شكرا على هذا التقرير. نحتاج إلى أرقام كل شهر لا مرة في السنة.", lang="ar"),
)

WAITING = (
    Written(
        "Best Pills Online",
        "Buy cheap viagra and tramadol without prescription! Visit https://cheap-pills-store.shop"
        " today, 80% discount, free shipping worldwide. Order now http://pharm4you.top/deal",
        "https://cheap-pills-store.shop",
    ),
    Written(
        "Olu",
        "My cousin drives that route. They hold you for nine hours and nobody says why.",
        answers=1,
    ),
    Written(
        "Lucky Winner",
        "Best online casino bonus 2026!!! Claim 500 free spins at https://xn--casin-xqa.example"
        " and win real money tonight, no deposit poker slots",
    ),
    Written("Beatriz", "¿Cuándo publican las cifras del primer trimestre?", lang="es"),
    Written(
        "Karl",
        "Great article! I earn $5000 a week working from home, ask me how:"
        " contact me on telegram @easycash_now or WhatsApp +1 202 555 0143",
        "http://easy-money-now.biz",
    ),
    Written(
        "Dana",
        "Somebody I love died of one of these pills in March. Thank you for writing about the"
        " strips, we had never heard of them.",
    ),
)


def send(
    client: httpx2.Client, page_url: str, written: Written, *, site: str = "demo", **more: Any
) -> str:
    """Post a comment; returns its id."""
    fields = {
        "site": site,
        "page_url": page_url,
        "page_title": "What the inspectors found: a year of fentanyl at the crossing",
        "name": written.name,
        "email": written.email,
        "website": written.website,
        "comment": written.comment,
        "lang": written.lang,
    }
    answer = client.post("/api/v1/comments", json=fields | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def approve(client: httpx2.Client, token: str, *ids: str) -> None:
    """Publish comments with a moderator's API token."""
    answer = client.post(
        "/api/v1/decisions",
        json={"ids": list(ids), "outcome": "approve"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text


def converse(client: httpx2.Client, page_url: str, token: str, *, site: str = "demo") -> list[str]:
    """READERS published, in order, and WAITING held; returns the ids of both."""
    ids: list[str] = []
    for written in READERS:
        parent = {} if written.answers is None else {"parent_id": ids[written.answers]}
        ids.append(send(client, page_url, written, site=site, **parent))
        approve(client, token, ids[-1])
    for written in WAITING:
        parent = {} if written.answers is None else {"parent_id": ids[written.answers]}
        ids.append(send(client, page_url, written, site=site, **parent))
    return ids
