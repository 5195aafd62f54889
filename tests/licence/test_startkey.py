"""L1: no StartKey that was changed, copied or signed by others is accepted. C7: the grace. Rotation of keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import StartKeyInvalid, StartKeyOtherPc
from core.licence.startkey import TrustedKeys, extended, judge, read_startkey, refuse_foreign
from core.online import dsse
from core.online.wire import IssuerKeys
from core.vocabulary import StartKeyVerdict
from tests.campaign.startkey import GENUINE, accepted, mutations
from tests.licence.support import DAY, NOW, OTHER, SHOP, chain, device, envelope, key, public, startkey, trusting

FIRST, SECOND, THIRD, STRANGER = key(1), key(3), key(4), key(9)


def test_the_genuine_one_is_accepted_and_none_of_a_thousand_changed_ones() -> None:
    assert accepted(GENUINE)
    wrong = [(kind, text) for kind, text in mutations(1, 1000) if accepted(text)]
    assert wrong == []


def test_a_copied_startkey_is_refused_and_one_changed_part_is_not() -> None:
    paper = read_startkey(GENUINE, trusting(FIRST))
    for part in range(4):
        values = list(SHOP)
        values[part] = OTHER[part]
        refuse_foreign(paper, device(tuple(values)))  # type: ignore[arg-type]
    with pytest.raises(StartKeyOtherPc, match="was made for hardware ID"):
        refuse_foreign(paper, device(OTHER))
    typed = replace(device(OTHER), hardware_id=paper.hardware_id)  # whoever edits the kept hardware ID
    with pytest.raises(StartKeyOtherPc):
        refuse_foreign(paper, typed)


@pytest.mark.parametrize(
    ("days", "checked", "verdict"),
    [
        (0, 0, StartKeyVerdict.VALID),
        (22.9, 0, StartKeyVerdict.VALID),
        (23, 0, StartKeyVerdict.GRACE_WARNING),
        (29.9, 0, StartKeyVerdict.GRACE_WARNING),
        (30, 0, StartKeyVerdict.READ_ONLY),
        (300, 0, StartKeyVerdict.READ_ONLY),
        (52, 30, StartKeyVerdict.VALID),
        (53, 30, StartKeyVerdict.GRACE_WARNING),
        (60, 30, StartKeyVerdict.READ_ONLY),
        (364.9, 360, StartKeyVerdict.VALID),
        (365, 360, StartKeyVerdict.EXPIRED),
        (400, 399, StartKeyVerdict.EXPIRED),
    ],
)
def test_grace_of_thirty_days_with_a_warning_from_day_23(days: float, checked: int, verdict: StartKeyVerdict) -> None:
    state = judge(startkey(), NOW + int(days * DAY), NOW + checked * DAY if checked else 0)
    assert state.verdict is verdict and state.words
    assert state.green is (verdict in (StartKeyVerdict.VALID, StartKeyVerdict.GRACE_WARNING))


# -- the issuer's keys


def test_the_first_contact_pins_and_a_chain_leads_on() -> None:
    keys = extended(TrustedKeys(), chain(FIRST))
    assert list(keys.public) == [dsse.key_id(public(FIRST))]
    keys = extended(keys, chain(FIRST, SECOND))
    keys = extended(keys, chain(FIRST, SECOND, THIRD))
    assert len(keys.public) == 3
    assert read_startkey(envelope(startkey(), THIRD), keys) == startkey()


def test_another_back_end_is_not_believed_and_nothing_is_lost() -> None:
    keys = extended(TrustedKeys(), chain(FIRST))
    with pytest.raises(StartKeyInvalid, match="no trusted key vouches"):
        extended(keys, chain(STRANGER))
    with pytest.raises(StartKeyInvalid, match="no trusted key vouches"):
        extended(keys, chain(STRANGER, SECOND))
    with pytest.raises(StartKeyInvalid):
        extended(keys, IssuerKeys(()))


def test_a_key_that_only_claims_to_be_the_next_is_not_trusted() -> None:
    keys = extended(TrustedKeys(), chain(FIRST))
    forged = chain(STRANGER, SECOND).keys[1]  # signed by a stranger
    with pytest.raises(StartKeyInvalid):
        extended(keys, IssuerKeys((*chain(FIRST).keys, forged)))
    unsigned = replace(forged, rotation="")
    with pytest.raises(StartKeyInvalid):
        extended(keys, IssuerKeys((*chain(FIRST).keys, unsigned)))
    real = chain(FIRST, SECOND).keys[1]
    for wrong in (replace(real, created=real.created + 1), replace(real, keyid="0" * 16)):
        with pytest.raises(StartKeyInvalid):
            extended(keys, IssuerKeys((*chain(FIRST).keys, wrong)))


def test_an_answer_cannot_put_another_key_under_a_known_name() -> None:
    keys = extended(TrustedKeys(), chain(FIRST))
    row = replace(chain(STRANGER).keys[0], keyid=dsse.key_id(public(FIRST)))
    with pytest.raises(StartKeyInvalid, match=r"does not belong|another key"):
        extended(keys, IssuerKeys((row,)))


def test_a_pinned_key_of_the_settings_beats_the_first_contact() -> None:
    pinned = TrustedKeys.pinned(public(FIRST).hex())
    assert len(extended(pinned, chain(FIRST, SECOND)).public) == 2
    with pytest.raises(StartKeyInvalid):
        extended(pinned, chain(STRANGER))
    for garbled in ("", "zz", "ab" * 31):
        with pytest.raises(StartKeyInvalid, match="no Ed25519 key"):
            TrustedKeys.pinned(garbled)


def test_a_retired_key_signs_nothing_new_and_what_it_signed_stays_good() -> None:
    keys = extended(TrustedKeys(), chain(FIRST, SECOND, retired={0: NOW + 10 * DAY}))
    assert read_startkey(envelope(startkey(), FIRST), keys)
    late = startkey(issued=NOW + 11 * DAY)
    with pytest.raises(StartKeyInvalid, match="retired"):
        read_startkey(envelope(late, FIRST), keys)
    assert read_startkey(envelope(late, SECOND), keys) == late
    forgetful = extended(keys, chain(FIRST, SECOND))  # an answer that forgets the retirement
    with pytest.raises(StartKeyInvalid, match="retired"):
        read_startkey(envelope(late, FIRST), forgetful)


def test_a_stolen_key_leads_on_and_vouches_for_nothing() -> None:
    first, second = chain(FIRST, SECOND, retired={0: NOW + 10 * DAY}).keys
    told = IssuerKeys((replace(first, distrusted=NOW + 20 * DAY), second))
    before = extended(TrustedKeys(), chain(FIRST))
    keys = extended(before, told)
    assert list(keys.public) == [second.keyid]
    with pytest.raises(StartKeyInvalid, match="stolen"):
        read_startkey(envelope(startkey(), FIRST), keys)
    with pytest.raises(StartKeyInvalid, match="stolen"):  # an answer that forgets it
        read_startkey(envelope(startkey(), FIRST), extended(keys, chain(FIRST, SECOND)))
    assert read_startkey(envelope(startkey(), SECOND), keys) == startkey()
    third = extended(keys, IssuerKeys((*told.keys, chain(FIRST, SECOND, THIRD).keys[2])))
    assert read_startkey(envelope(startkey(), THIRD), third) == startkey()
    late = extended(TrustedKeys.pinned(first.public), told)  # the settings name the stolen one: it still leads on
    assert list(late.public) == [second.keyid]
    with pytest.raises(StartKeyInvalid, match="stolen"):
        extended(before, IssuerKeys((replace(first, distrusted=NOW),)))
    with pytest.raises(StartKeyInvalid):
        read_startkey(envelope(startkey(), STRANGER), keys)
