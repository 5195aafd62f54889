"""StartKeys and permits over HTTP."""

from __future__ import annotations

from core.backend.api.operation import Call, Operation, Share
from core.backend.issuer import permits, startkeys
from core.online.wire import CheckRequest, OrderAnswer, OrderRequest, PermitAnswer, PermitRequest, SignedAnswer


def order(call: Call) -> OrderAnswer:
    wish: OrderRequest = call.body
    return call.backend.write(lambda conn: startkeys.order(conn, call.user, wish.device, wish.name, call.now))


def check(call: Call) -> SignedAnswer:
    wish: CheckRequest = call.body
    return SignedAnswer(call.backend.write(lambda conn: startkeys.check(conn, wish, call.now)))


def permit(call: Call) -> PermitAnswer:
    return permits.permit(call.backend, call.user, call.body, call.now)


OPERATIONS = (
    Operation(
        "POST", "/api/v1/startkeys/order", order, "Order a StartKey with device data", OrderAnswer, body=OrderRequest,
        bearer=True, share=Share.ORDER, refusals=(403, 409),
    ),
    Operation(
        "POST", "/api/v1/startkeys/check", check, "Online check of a StartKey, signed", SignedAnswer,
        body=CheckRequest, share=Share.CHECK, refusals=(403, 404),
    ),
    Operation(
        "POST", "/api/v1/permits", permit, "Permit of one vehicle job: a signed ticket", PermitAnswer,
        body=PermitRequest, bearer=True, refusals=(403, 404, 409),
    ),
)  # fmt: skip
