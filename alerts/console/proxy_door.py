"""People whom a reverse proxy has asked who they are, and says so in a header."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request, Response

from alerts.console.people import People, entry, person
from alerts.console.users import User


class ProxyDoor:
    """proxies: the peers that are believed; `header`: the one in which they say who asks; `name`: of the console's
    own host, where it has one.

    A proxy on this machine shares its address with the browsers on it, and a page whose name was made to lead here
    (DNS rebinding) may set any header: so the request must be for the console by its own name, or by an address.
    """

    def __init__(self, proxies: Collection[IPv4Network | IPv6Network], header: str, people: People, name: str) -> None:
        self._proxies, self._header, self._people, self._name = proxies, header, people, name
        self.router = APIRouter()
        self.router.add_api_route("/login", self.ask, methods=["GET"])
        self.router.add_api_route("/logout", self.leave, methods=["POST"])

    def user(self, request: Request) -> User | None:
        """Raises HTTPException 403 for somebody whom the proxy knows and the table does not."""
        said = request.headers.getlist(self._header)
        if len(said) != 1 or not said[0].strip() or not self._believed(request):
            return None
        name = said[0].strip()
        return person(self._people, entry(self._people, [name]), name)

    def ask(self) -> Response:
        """Who gets here did not come by the proxy, or it did not say who they are."""
        what = "This page is reached through the proxy alone, which says who you are, under the name of [console] url."
        raise HTTPException(403, what)

    def leave(self) -> None:
        raise HTTPException(403, "The proxy has signed you in: sign out there.")

    def _believed(self, request: Request) -> bool:
        """By the connection itself; what a header says of where it came from counts for nothing."""
        try:
            peer = ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        known = getattr(peer, "ipv4_mapped", None) or peer
        if not any(known in network for network in self._proxies):
            return False
        return not known.is_loopback or self._ours(request.headers.get("host", ""))

    def _ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in ("localhost", self._name or "localhost") or bool(ip_address(name))
        except ValueError:
            return False
