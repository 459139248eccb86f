"""People whom a reverse proxy has asked who they are, and says so in a header."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address

from fastapi import APIRouter, HTTPException, Request, Response

from alerts.console.people import People, entry, person
from alerts.console.users import User


class ProxyDoor:
    """proxies: the peers that are believed; `header`: the one in which they say who asks."""

    def __init__(self, proxies: Collection[IPv4Network | IPv6Network], header: str, people: People) -> None:
        self._proxies, self._header, self._people = proxies, header, people
        self.router = APIRouter()
        self.router.add_api_route("/login", self.ask, methods=["GET"])

    def user(self, request: Request) -> User | None:
        """Raises HTTPException 403 for somebody whom the proxy knows and the table does not."""
        said = request.headers.getlist(self._header)
        if len(said) != 1 or not said[0].strip() or not self._believed(request):
            return None
        name = said[0].strip()
        return person(self._people, entry(self._people, [name]), name)

    def ask(self) -> Response:
        """Who gets here did not come by the proxy, or it did not say who they are."""
        raise HTTPException(403, "This page is reached through the proxy alone, which says who you are.")

    def _believed(self, request: Request) -> bool:
        """By the connection itself; what a header says of where it came from counts for nothing."""
        try:
            peer = ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        known = getattr(peer, "ipv4_mapped", None) or peer
        return any(known in network for network in self._proxies)
