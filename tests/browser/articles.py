"""Somebody else's website: articles on an origin of their own, under a strict policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

# What docs/embedding.md tells a site to allow, and an icon of its own that browsers ask for.
POLICY = (
    "default-src 'none'; img-src 'self'; script-src {service}; connect-src {service};"
    " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = """<!doctype html>
<html lang="{lang}"{direction}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The harvest at last</title>
</head>
<body>
<article><h1>The harvest at last</h1><p>It rained for six weeks, and then it did not.</p></article>
{embedded}
</body>
</html>
"""


@dataclass(frozen=True)
class Articles:
    """A running website. Every path is an article with the comments of the site in its query.

    `?list` links to the article, with its count; `lang=` is the language of the page.
    """

    origin: str


@contextmanager
def running_articles(service_url: str, site: str) -> Iterator[Articles]:
    """The website for the length of the block, with the comments of `site` where none is named."""
    script = f'<script async src="{service_url}/embed.js" data-site="{{}}"></script>'
    policy = POLICY.format(service=service_url)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            article, _, query = self.path.partition("?")
            link = f'<a data-comment-count href="{article}">Comments</a>'
            asked = dict(parse_qsl(query, keep_blank_values=True))
            embedded = script.format(asked.get("site", site)) + link * (query == "list")
            lang = asked.get("lang", "en")
            direction = ' dir="rtl"' if lang == "ar" else ""
            body = PAGE.format(embedded=embedded, lang=lang, direction=direction).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Articles(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
