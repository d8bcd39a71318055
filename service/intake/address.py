"""The client's address, believed only as far as trusted proxies vouch for it, and its prefixes."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
_OCTETS = {str(number): number for number in range(256)}
UNKNOWN = ("unknown", "unknown-network")  # one bucket for all: an unnamed client is still counted


def client_address(
    peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]
) -> str:
    """The right-most address that is not a trusted proxy's; "" when there is none to name.

    `peer` is the socket's other end: None for a unix socket, where only a proxy on this machine
    can be, trusted as soon as any network is. `forwarded_for` holds the X-Forwarded-For headers
    in order, read only if the peer is trusted. A hop that is no address ends the walk at the hop
    before it: whatever stands further left is hearsay.
    """
    address = None if peer is None else _parse_hop(peer)
    if (address is None and peer is not None) or not trusted:
        return "" if address is None else str(address)
    if address is not None and not _is_trusted(address, trusted):
        return str(address)
    for hop in _hops_from_the_right(forwarded_for):
        nearer = _parse_hop(hop)
        if nearer is None:
            break
        address = nearer
        if not _is_trusted(address, trusted):
            break
    return "" if address is None else str(address)


def _hops_from_the_right(headers: Sequence[str]) -> Iterator[str]:
    for header in reversed(headers):
        yield from reversed(header.split(","))


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


@lru_cache(maxsize=4096)  # the same client and the same proxies come again and again
def _parse_hop(text: str) -> IPv4Address | IPv6Address | None:
    """The address in a hop: with or without port, brackets or zone; IPv4-mapped is IPv4."""
    text = text.strip()
    try:  # the common shape, in a third of the time
        octets = bytes(map(_OCTETS.__getitem__, text.split(".")))
    except KeyError:
        octets = b""
    if len(octets) == 4:
        return IPv4Address(octets)
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def prefixes(address: str) -> tuple[str, str]:
    """What limits count: the client's own prefix, then its network's.

    IPv4 gives /32 and /24, IPv6 /64 (one household) and /48 (one customer); no address UNKNOWN.
    """
    parsed = _parse_hop(address)
    if parsed is None:
        return UNKNOWN
    if isinstance(parsed, IPv4Address):
        text = str(parsed)
        return f"{text}/32", f"{text.rpartition('.')[0]}.0/24"
    number = int(parsed)
    household = IPv6Address(number >> 64 << 64)
    customer = IPv6Address(number >> 80 << 80)
    return f"{household}/64", f"{customer}/48"


def network_of(address: str) -> str:
    """The network that moderators see in place of an address; "" where there is none."""
    return prefixes(address)[-1] if address else ""
