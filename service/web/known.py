"""The names that an author's name may not look like unnoticed: moderators' and the site's own."""

from service import review, team
from service.persons import Actor
from service.text import outline
from service.web.cards import KnownNames
from service.web.state import DeskRequest


async def known_names(request: DeskRequest, actor: Actor) -> KnownNames:
    """Looked up for each page that shows comments: few names, and always the present ones."""
    store = request.state["store"]
    sites = await review.list_sites(actor, store=store)
    return KnownNames(
        await team.names_of_moderators(store=store),
        {site.id: frozenset({outline(site.key), outline(site.name)}) for site in sites},
    )
