"""What a back end can be asked, one method each: typed questions and answers over a way. Keeps no token.

Answers are decoded leniently (a newer server may say more) and strictly in what is known: what does not fit is
LicenceCheckFailed, "for a reason that is not known". `token` is the access token, `key` the idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from core.errors import LicenceCheckFailed, ProductError
from core.online.client.problems import refusal
from core.online.client.way import Answer, Way
from core.online.wire import (
    Account,
    Booked,
    BuyRequest,
    CheckRequest,
    Contacts,
    Credit,
    Device,
    Health,
    IssuerKeys,
    Maintenance,
    Network,
    OrderAnswer,
    OrderRequest,
    Packages,
    PermitAnswer,
    PermitRequest,
    PostRequest,
    Reserved,
    ReserveRequest,
    ServerTime,
    SignedAnswer,
    Systems,
    VoidRequest,
    WireError,
    dumps,
    loads,
)

T = TypeVar("T")
JSON = "application/json"
_API = "/api/v1"


class BackendClient:
    """Raises LocalNetworkFault, BackendUnreachable, BackendRefused, or the LicenceError that the back end names."""

    def __init__(self, way: Way) -> None:
        self.way = way

    @property
    def embedded(self) -> bool:
        return self.way.embedded

    # -- without log-in

    def health(self) -> tuple[Health, float]:
        """With the seconds that the answer took."""
        answer = self.way.ask("GET", "/health")
        return decoded(Health, answer), answer.seconds

    def time(self) -> ServerTime:
        return self._get(ServerTime, "/time")

    def maintenance(self) -> Maintenance:
        return self._get(Maintenance, "/maintenance")

    def network(self) -> Network:
        return self._get(Network, "/network")

    def contacts(self) -> Contacts:
        return self._get(Contacts, "/contacts")

    def keys(self) -> IssuerKeys:
        return self._get(IssuerKeys, "/keys")

    def check(self, question: CheckRequest) -> SignedAnswer:
        """The online check (C7). StartKeyMissing where the back end has none for this system."""
        return self._post(SignedAnswer, "/startkeys/check", question)

    # -- with log-in

    def account(self, token: str) -> Account:
        return self._get(Account, "/account", token)

    def systems(self, token: str) -> Systems:
        return self._get(Systems, "/systems", token)

    def order(self, token: str, device: Device, name: str = "") -> OrderAnswer:
        return self._post(OrderAnswer, "/startkeys/order", OrderRequest(device, name), token)

    def credit(self, token: str, hardware_id: str) -> Credit:
        return self._get(Credit, f"/credit?hardware_id={quote(hardware_id)}", token)

    def packages(self, token: str) -> Packages:
        return self._get(Packages, "/packages", token)

    def buy(self, token: str, key: str, wish: BuyRequest) -> Booked:
        return self._post(Booked, "/credit/buy", wish, token, key)

    def reserve(self, token: str, key: str, wish: ReserveRequest) -> Reserved:
        return self._post(Reserved, "/credit/reserve", wish, token, key)

    def post(self, token: str, key: str, wish: PostRequest) -> Booked:
        return self._post(Booked, "/credit/post", wish, token, key)

    def void(self, token: str, key: str, wish: VoidRequest) -> Booked:
        return self._post(Booked, "/credit/void", wish, token, key)

    def permit(self, token: str, key: str, wish: PermitRequest) -> PermitAnswer:
        return self._post(PermitAnswer, "/permits", wish, token, key)

    def close(self) -> None:
        self.way.close()

    def _get(self, cls: type[T], path: str, token: str = "") -> T:
        return decoded(cls, self.way.ask("GET", _API + path, headers=_bearer(token)))

    def _post(self, cls: type[T], path: str, wish: object, token: str = "", key: str = "") -> T:
        headers = _bearer(token) | ({"Idempotency-Key": key} if key else {})
        return decoded(cls, self.way.ask("POST", _API + path, body=dumps(wish), kind=JSON, headers=headers))


def decoded(cls: type[T], answer: Answer, refused: Callable[[Answer], ProductError] = refusal) -> T:
    """The answer as a `cls`; what `refused` makes of it for a status of 400 and more."""
    if answer.status >= 400:
        raise refused(answer)
    try:
        if answer.status >= 300 or answer.kind != JSON:
            raise WireError("", f"status {answer.status}, {answer.kind[:40] or 'no media type'}")
        return loads(cls, answer.body, lenient=True)
    except WireError as problem:
        raise LicenceCheckFailed(f"The back end's answer cannot be read: {problem}.") from problem


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
