"""Near-identical comments: which recent ones say almost the same, and how many there were."""

from pathlib import Path

from service.domain import Cluster
from service.link import Link, LinkDown, Script

JOIN = Script(Path(__file__).with_name("similarity.lua").read_text("utf-8"))


class Similarity:
    """The recent fingerprints of each site, in Redis, found by locality-sensitive bands.

    Two 64-bit simhashes are near when they differ in at most 3 bits, so at least one of their
    four 16-bit bands is equal (Manku, Jain, Das Sarma: Detecting Near-Duplicates for Web Crawling,
    2007). Kept for 7 days and bounded: the 32 newest fingerprints of a band, 10,000 clusters of a
    site. Losing them loses no comment, only the memory of earlier likenesses.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    async def join(self, site: str, fingerprint: int) -> Cluster | None:
        """Add a comment's unsigned 64-bit fingerprint; the cluster it is in, with its size.

        The id is the fingerprint of the cluster's first comment. None while Redis is away; the
        comment is held then, since the limiter in the same round trip is degraded.
        """
        digits = f"{fingerprint:016x}"
        try:
            reply = await self._link.call(JOIN, keys_of(site, digits), (digits,))
        except LinkDown:
            return None
        match reply:
            case [bytes(cluster), int(size)]:
                return Cluster(cluster.decode(), size)
            case _:
                raise TypeError(f"the script replied {reply!r}")


def keys_of(site: str, digits: str) -> list[str]:
    """What the script may touch for a fingerprint of 16 hex digits: its bands, then the clusters.

    One hash tag, so that a site's keys share a node of a cluster.
    """
    place = f"desk:{{{site}}}:similar"
    bands = [f"{place}:{band}:{digits[4 * band : 4 * band + 4]}" for band in range(4)]
    return [*bands, f"{place}:clusters", f"{place}:sizes"]
