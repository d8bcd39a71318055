"""The script that puts a thread on any page, and the article page that shows it at work."""

from pathlib import Path

from starlette.responses import FileResponse, Response

from service import read
from service.errors import NotFound
from service.web.pages import Pages
from service.web.state import DeskRequest

DEMO_SITE = "demo"
_SCRIPT = Path(__file__).parent / "static" / "embed.js"


async def get_script(request: DeskRequest) -> Response:
    """The script; browsers keep it for five minutes."""
    headers = {
        "Cache-Control": "public, max-age=300",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(_SCRIPT, media_type="text/javascript", headers=headers)


async def get_demo(request: DeskRequest) -> Response:
    """An article of our own with the form under it."""
    if not request.state["demo"]:
        raise NotFound
    site = await read.find_site(DEMO_SITE, store=request.state["store"])
    if site is None:
        raise NotFound
    pages: Pages = request.state["pages"]
    origin = site.origins[-1]
    return pages.page("demo.html", {"site": site, "page_url": f"{origin}{pages.base}/demo"})
