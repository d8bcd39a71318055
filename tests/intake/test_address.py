"""Client addresses: believed only as far as trusted proxies vouch for them."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.intake.address import UNKNOWN, client_address, prefixes

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

WALKS: dict[str, tuple[str | None, list[str], str]] = {
    "no header": ("203.0.113.9", [], "203.0.113.9"),
    "untrusted peer": ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
    "trusted peer": ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    "right-most untrusted": ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
    "forged first header": ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
    "only proxies": ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    "trusted peer, no header": ("10.0.0.1", [], "10.0.0.1"),
    "garbled hop stops the walk": ("10.0.0.1", ["1.1.1.1, junk, 10.0.0.2"], "10.0.0.2"),
    "garbled right-most hop": ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
    "empty header": ("10.0.0.1", [""], "10.0.0.1"),
    "port": ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
    "IPv6": ("fd00::1", ["2001:DB8::0:1"], "2001:db8::1"),
    "IPv6 in brackets": ("fd00::1", ["[2001:db8::1]"], "2001:db8::1"),
    "IPv6 in brackets with a port": ("fd00::1", ["[2001:db8::1]:443"], "2001:db8::1"),
    "zone": ("fe80::1%eth0", [], "fe80::1"),
    "mapped peer is the IPv4 proxy": ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    "mapped hop": ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    "no octal": ("10.0.0.1", ["010.0.0.1"], "10.0.0.1"),
    "unix socket": (None, ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
    "unix socket, no header": (None, [], ""),
    "garbled peer is never trusted": ("junk", ["198.51.100.1"], ""),
    "fifty hops": ("203.0.113.9", [", ".join(["10.0.0.1"] * 50)], "203.0.113.9"),
}


@pytest.mark.parametrize(("peer", "headers", "address"), WALKS.values(), ids=WALKS)
def test_the_client_is_the_right_most_untrusted_hop(
    peer: str | None, headers: list[str], address: str
) -> None:
    assert client_address(peer, headers, PROXIES) == address


def test_no_header_is_believed_while_no_proxy_is_trusted() -> None:
    assert client_address("10.0.0.1", ["198.51.100.1"], ()) == "10.0.0.1"
    assert client_address(None, ["198.51.100.1"], ()) == ""


hops = st.one_of(st.ip_addresses().map(str), st.text(max_size=20))


@given(hops, st.lists(hops), st.booleans())
def test_any_peer_and_headers_give_an_address_that_stays_the_same(
    peer: str, headers: list[str], behind_proxy: bool
) -> None:
    address = client_address("10.0.0.1" if behind_proxy else peer, headers, PROXIES)

    assert client_address(address or "junk", [], ()) == address
    assert len(prefixes(address)) == 2


@given(st.ip_addresses().map(str), st.lists(hops), st.lists(hops))
def test_what_stands_left_of_the_client_changes_nothing(
    client: str, forged: list[str], otherwise_forged: list[str]
) -> None:
    assume(not client.startswith(("10.", "fd", "::ffff:")))
    seen = f"{client}, 10.0.0.2"

    address = client_address("10.0.0.1", [*forged, seen], PROXIES)

    assert address == client_address("10.0.0.1", [*otherwise_forged, seen], PROXIES)


PREFIXES = {
    "IPv4": ("203.0.113.9", ("203.0.113.9/32", "203.0.113.0/24")),
    "mapped": ("::ffff:203.0.113.9", ("203.0.113.9/32", "203.0.113.0/24")),
    "IPv6": ("2001:db8:1:2:3:4:5:6", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
    "none": ("", UNKNOWN),
    "garbled": ("junk", UNKNOWN),
}


@pytest.mark.parametrize(("address", "counted"), PREFIXES.values(), ids=PREFIXES)
def test_limits_count_a_client_and_its_network(address: str, counted: tuple[str, str]) -> None:
    assert prefixes(address) == counted


@given(st.ip_addresses())
def test_both_prefixes_are_networks_and_the_second_holds_the_first(
    address: IPv4Address | IPv6Address,
) -> None:
    own, network = map(ip_network, prefixes(str(address)))

    assert own.version == network.version
    assert int(network[0]) <= int(own[0]) <= int(own[-1]) <= int(network[-1])
    assert address in own or address.version != own.version
