"""What `tocsin commission` sends to a service console, run beside a whole gateway."""

import json
from binascii import a2b_base64, hexlify

from device_app import SITE, ZONES, _gateway
from support_console import console
from support_flash import STORAGE, kept, peek, provision, put
from support_virtual import CLOCK, run_for
from tocsin.compat import hmac_sha256

PROBE = "host_tools/tocsin_host/commission_probe.py"
KEY = b"k" * 32
CHALLENGE = bytes(range(16))


def test_the_answer_to_a_challenge_takes_the_service_key_and_opens_no_door():
    said = []
    gateway = _gateway(provision())
    put(STORAGE + "/keys/service.key", KEY)
    run_for(1000, gateway.run())
    console(PROBE, said)["prove"](hexlify(CHALLENGE).decode())
    assert said == [(hexlify(hmac_sha256(KEY, b"tocsin commission" + CHALLENGE)).decode(),)]


def test_the_site_is_told_as_it_lies_in_flash():
    said = []
    run_for(1000, _gateway(provision()).run())
    console(PROBE, said)["site"]()
    assert json.loads("".join([words[0] for words in said])) == dict(SITE, zones=ZONES)


def test_the_journal_is_told_from_any_number_on_piece_by_piece():
    chip, said = provision(), []
    gateway = _gateway(chip)
    for at_ms in range(1000, 21_000, 1000):
        CLOCK.at(at_ms, gateway.hal.sampler.set_pins, 1 << 3 | (1 << 2 if at_ms % 2000 else 0))
    run_for(22_000, gateway.run())
    probe, seq, data, asked = console(PROBE, said), 2, b"", 0
    while seq < gateway.recorder.next_seq():
        del said[:]
        asked += 1
        probe["records"](seq)
        seq = said.pop()[0]
        data += b"".join([a2b_base64(words[0]) for words in said])
    whole = kept(peek(chip))
    assert asked == 2 and len(whole) > 40
    assert data == b"".join(whole[number] for number in sorted(whole) if number >= 2)
