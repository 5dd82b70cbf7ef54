"""Which addresses may be connected to.

Only public ones: a list of URLs from the web must not make this machine ask its own network for
anything. Where the check is made belongs to ``connections``.
"""

import ipaddress
from typing import Final

#: Networks that ``ipaddress`` does not call private in every supported Python, and that lead, or
#: may lead, into a network of our own: IPv4-compatible and local-use NAT64 (RFC 4291, RFC 8215).
_REFUSED_V6: Final = tuple(ipaddress.ip_network(n) for n in ("::/96", "64:ff9b:1::/48"))

#: The well-known prefix that carries an IPv4 address in its last 32 bits (RFC 6052).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    IPv6 addresses that stand for an IPv4 address (mapped, 6to4, NAT64) are judged by that one.
    What is not an address at all is not public.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        return _is_public_v6(found)
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _is_public_v6(address: ipaddress.IPv6Address) -> bool:
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(str(inner))
    if any(address in network for network in _REFUSED_V6) or address.teredo is not None:
        return False
    return address.is_global and not (address.is_multicast or address.is_site_local)
