"""What came in while Redis was away gets its group from the database, as it would have then."""

import asyncio
from datetime import timedelta

from service.domain import Cluster
from service.group import group_late
from service.likeness import fingerprint
from service.store import comments
from service.store.database import Database
from service.store.groups import set_groups
from service.vocabulary import Status
from tests.factories import NOW, a_comment, a_site

PITCH = "Order an essay tonight and relax until Monday, says the man at the mill near the river {}."


def group_all(database: Database, ids: list[str]) -> list[str]:
    """The group of each comment, once none is without."""

    async def scenario() -> None:
        while await group_late(store=database, stretch=2):
            pass

    asyncio.run(scenario())
    with database.transaction() as conn:
        found = comments.list_comments(conn, ids)
    return [found[comment_id].cluster for comment_id in ids]


def test_late_comments_join_the_group_there_is_or_make_one(database: Database) -> None:
    known = f"{fingerprint(PITCH.format(0)):016x}"
    with database.transaction() as conn:
        a_site(conn)
        a_site(conn, "blog")
        a_comment(conn, comment=PITCH.format(0), cluster=Cluster(known, 1))
        ids = [
            a_comment(conn, comment=text, site=site, now=NOW + timedelta(seconds=place)).id
            for place, (text, site) in enumerate(
                [
                    (PITCH.format(1), "news"),
                    ("The barley stood well in 2025.", "news"),
                    ("the barley stood well in 1999.", "news"),
                    (PITCH.format(2), "blog"),
                    (PITCH.format(3), "blog"),
                ]
            )
        ]
        decided = a_comment(conn, status=Status.REJECTED, comment=PITCH.format(4))

    alike, one, two, elsewhere, again = group_all(database, ids)

    assert alike == known
    assert one == two != alike
    assert elsewhere == again
    assert group_all(database, [decided.id]) == [""]


def test_a_group_given_meanwhile_is_kept(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, cluster=Cluster("00000000000000aa", 1))
        set_groups(conn, {comment.id: "00000000000000bb"})

        found = comments.find_comment(conn, comment.id)
        assert found is not None
        assert found.cluster == "00000000000000aa"
