"""Whether a page and the browser's Origin header belong to the site they name."""

from service.domain import Site
from service.errors import OriginNotAllowed
from service.intake.page import is_allowed_origin, origin_of


def check_origin(site: Site, page_url: str, origin: str) -> None:
    """Raise OriginNotAllowed unless page and Origin header, where there is one, are the site's."""
    if not is_allowed_origin(origin_of(page_url), site.origins):
        raise OriginNotAllowed
    if origin and not is_allowed_origin(origin, site.origins):
        raise OriginNotAllowed
