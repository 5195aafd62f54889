"""L1: StartKeys that were changed, cut, put together, signed by others or otherwise: none may be accepted.

    python -m tests.campaign startkey [--seed N] [--mutations 1000]

Every mutation goes the way of the product: read_startkey with the trusted keys, refuse_foreign, judge at the time of
now. Accepted is what comes out green.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from core.errors import LicenceError
from core.licence.startkey import judge, read_startkey, refuse_foreign
from core.online import dsse
from core.online.wire import CHECK, ROTATION, STARTKEY, TICKET, WireError, dumps
from core.vocabulary import Role
from tests.licence import support
from tests.licence.support import DAY, NOW, OTHER, envelope, key, startkey, trusting

ISSUER, ATTACKER = key(1), key(2)
TRUSTED = trusting(ISSUER)
GENUINE = envelope(startkey(), ISSUER)
HERE = support.device()

Mutation = Callable[[random.Random], str]


def accepted(text: str, now: int = NOW + DAY) -> bool:
    try:
        paper = read_startkey(text, TRUSTED)
        refuse_foreign(paper, HERE)
    except LicenceError:
        return False
    return judge(paper, now, now).green


def _fields() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(GENUINE)
    return loaded


def _text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def _payload() -> bytes:
    return base64.b64decode(_fields()["payload"])


def bit_flip(dice: random.Random) -> str:
    """Of the text of the envelope."""
    raw = bytearray(GENUINE.encode())
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return raw.decode("latin-1")


def payload_bit_flip(dice: random.Random) -> str:
    raw, fields = bytearray(_payload()), _fields()
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return _text(fields | {"payload": base64.b64encode(bytes(raw)).decode()})


def signature_bit_flip(dice: random.Random) -> str:
    fields = _fields()
    raw = bytearray(base64.b64decode(fields["signatures"][0]["sig"]))
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    fields["signatures"][0]["sig"] = base64.b64encode(bytes(raw)).decode()
    return _text(fields)


def truncation(dice: random.Random) -> str:
    cut = dice.randrange(len(GENUINE))
    return GENUINE[:cut] if dice.random() < 0.5 else GENUINE[cut + 1 :]


def longer(dice: random.Random) -> str:
    place = dice.randrange(len(GENUINE) + 1)
    return GENUINE[:place] + dice.choice(["\n", " ", "\t", "=", "\0", "A", "}", GENUINE]) + GENUINE[place:]


def field_swap(dice: random.Random) -> str:
    """A field of the payload changed, the signature kept: more groups, roles, another machine, later expiry."""
    changes: list[dict[str, Any]] = [
        {"expires": NOW + 10_000 * DAY}, {"issued": NOW + dice.randrange(DAY)}, {"product_groups": ("trucks",)},
        {"roles": (Role.STANDARD_DIAGNOSIS, Role.FLASH)}, {"traits": support.device(OTHER).traits},
        {"hardware_id": support.device(OTHER).hardware_id}, {"organisation": "Other"}, {"contract": "C-2"},
        {"key_id": f"{dice.getrandbits(128):032x}"}, {"app_id": 253}, {"traits": tuple(reversed(HERE.traits))},
    ]  # fmt: skip
    fields = _fields()
    changed = dumps(replace(startkey(), **dice.choice(changes)))
    return _text(fields | {"payload": base64.b64encode(changed).decode()})


def swapped_parts(dice: random.Random) -> str:
    """Payload, signature and type of two genuine papers put together anew."""
    other = json.loads(envelope(startkey(contract="C-2", key_id="f" * 32), ISSUER, dice.choice([STARTKEY, CHECK])))
    fields = _fields()
    if dice.random() < 0.5:
        return _text(fields | {"payload": other["payload"]})
    return _text(fields | {"signatures": other["signatures"]})


def other_pc(dice: random.Random) -> str:
    """Genuine, of a PC of which this one shares a trait, or none, and with our hardware ID typed over it."""
    values = [OTHER[i] for i in range(4)]
    if dice.random() < 0.5:
        shared = dice.randrange(4)
        values[shared] = support.SHOP[shared]
    traits = support.device(tuple(values)).traits  # type: ignore[arg-type]
    typed = HERE.hardware_id if dice.random() < 0.5 else support.device(OTHER).hardware_id
    return envelope(startkey(traits=traits, hardware_id=typed), ISSUER)


def no_machine(dice: random.Random) -> str:
    traits = dice.choice([(), ("", "", "", ""), (HERE.traits[0], "", "", ""), HERE.traits[:1], HERE.traits[:3]])
    return envelope(startkey(traits=traits), ISSUER)


def other_kind(dice: random.Random) -> str:
    """A paper of the same issuer under another payload type, and a type that was changed afterwards."""
    kinds = [CHECK, TICKET, ROTATION, "application/vnd.in-toto+json", STARTKEY + " ", STARTKEY.upper(), "",
             "application/vnd.other-product.startkey+json"]  # fmt: skip
    kind = dice.choice(kinds)
    if dice.random() < 0.5:
        return envelope(startkey(), ISSUER, kind)
    fields = json.loads(envelope(startkey(contract="C-9"), ISSUER, CHECK))
    return _text(fields | {"payloadType": STARTKEY})


def other_product(dice: random.Random) -> str:
    return envelope(startkey(app_id=dice.choice([1, 251, 253, 2**31 - 1])), ISSUER)


def other_signer(dice: random.Random) -> str:
    """Signed by somebody else, under their key's name or under ours."""
    fields = json.loads(envelope(startkey(expires=NOW + 9_000 * DAY), ATTACKER))
    if dice.random() < 0.5:
        fields["signatures"][0]["keyid"] = dsse.key_id(support.public(ISSUER))
    return _text(fields)


def algorithm_games(dice: random.Random) -> str:
    """What broke tokens of other kinds: no algorithm, an HMAC with the public key, none or two signatures."""
    fields, payload = _fields(), dumps(startkey(expires=NOW + 9_000 * DAY))
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    secret = support.public(ISSUER)
    game = dice.randrange(8)
    if game == 0:
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        return f"{head}.{encoded}."
    if game == 1:
        head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
        mac = hmac.new(secret, f"{head}.{encoded}".encode(), hashlib.sha256).digest()
        return f"{head}.{encoded}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    fields["payload"] = base64.b64encode(payload).decode()
    pae = dsse.pre_authentication(STARTKEY, payload)
    signature = fields["signatures"][0]
    if game == 2:
        signature["sig"] = base64.b64encode(hmac.new(secret, pae, hashlib.sha512).digest()).decode()
    elif game == 3:
        fields["signatures"] = []
    elif game == 4:
        signature["sig"] = base64.b64encode(bytes(64)).decode()
    elif game == 5:
        fields["signatures"] = [json.loads(envelope(startkey(), ATTACKER))["signatures"][0], signature]
    elif game == 6:
        signature["sig"] = ""
    else:
        fields = _fields()
        raw = base64.b64decode(fields["signatures"][0]["sig"])
        order = 2**252 + 27742317777372353535851937790883648493
        grown = (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")  # s + L verifies where it is lax
        fields["signatures"][0]["sig"] = base64.b64encode(raw[:32] + grown).decode()
    return _text(fields)


def duplicate_keys(dice: random.Random) -> str:
    """Two values under one name: which one is signed and which is read may differ. Outside and inside the payload."""
    forged = base64.b64encode(dumps(startkey(expires=NOW + 9_000 * DAY))).decode()
    game = dice.randrange(3)
    if game == 0:
        return GENUINE[:-1] + f',"payload":"{forged}"}}'
    if game == 1:
        return f'{{"payload":"{forged}",{GENUINE[1:]}'
    raw = _payload().decode()
    name, value = dice.choice([("expires", NOW + 9_000 * DAY), ("app_id", 252), ("contract", '"C-2"')])
    twice = (raw[:-1] + f',"{name}":{value}}}').encode()
    return dsse.sign(STARTKEY, twice, ISSUER)


def other_form(dice: random.Random) -> str:
    """The same content spelled otherwise."""
    fields = _fields()
    game = dice.randrange(5)
    if game == 0:
        return json.dumps(fields, indent=1)
    if game == 1:
        return GENUINE.replace('"payload"', '"p\\u0061yload"')
    if game == 2:
        return _text(fields | {"payload": fields["payload"].replace("=", "") + "\n"})
    if game == 3:
        return _text(fields | {"extra": 1})
    spaced = json.dumps(json.loads(_payload())).encode()
    return dsse.sign(STARTKEY, spaced, ISSUER)


def odd_times(dice: random.Random) -> str:
    changes: list[dict[str, Any]] = [
        {"expires": NOW - 1}, {"expires": NOW + DAY}, {"issued": 0}, {"issued": NOW + 400 * DAY},
        {"expires": 0, "issued": 0},
    ]  # fmt: skip
    return envelope(startkey(**dice.choice(changes)), ISSUER)


def odd_payload(dice: random.Random) -> str:
    """Signed, and no StartKey."""
    payload = dice.choice([b"", b"null", b"[]", b"{}", b"1", b'"x"', b"\xff", dumps({"key_id": "x"}), b"[" * 5000])
    return dsse.sign(STARTKEY, payload, ISSUER)


MUTATIONS: tuple[Mutation, ...] = (
    bit_flip, payload_bit_flip, signature_bit_flip, truncation, longer, field_swap, swapped_parts, other_pc,
    no_machine, other_kind, other_product, other_signer, algorithm_games, duplicate_keys, other_form, odd_times,
    odd_payload,
)  # fmt: skip


def mutations(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """(kind, text), all kinds alike often."""
    dice = random.Random(seed)
    for number in range(count):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        text = mutation(dice)
        while text.strip() == GENUINE:  # blanks around it are no change
            text = mutation(dice)
        yield mutation.__name__, text


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign startkey")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--mutations", type=int, default=1000)
    options = parser.parse_args(argv)
    assert accepted(GENUINE), "the unchanged one must be good"
    tried: Counter[str] = Counter()
    wrong: list[str] = []
    for kind, text in mutations(options.seed, options.mutations):
        tried[kind] += 1
        try:
            if accepted(text):
                wrong.append(f"{kind}: {text}")
        except (WireError, ValueError, TypeError, KeyError, RecursionError) as problem:
            wrong.append(f"{kind}: no defined refusal but {problem!r}: {text}")
    for kind, count in tried.items():
        print(f"{kind:<20} {count:>6}")
    print(f"{sum(tried.values())} mutations, {len(wrong)} accepted or not refused in words, seed {options.seed}")
    for line in wrong:
        print(line[:300])
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
