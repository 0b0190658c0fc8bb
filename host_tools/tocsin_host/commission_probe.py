"""What `tocsin commission` asks in a gateway's service console beside the probe of `tocsin diag`; changes nothing.

Role in the flow: beside stage 8, at commissioning. Context: the console of a gateway in service mode, which gets it as
`console_source.py` makes it.
"""

import sys
from binascii import b2a_base64, hexlify, unhexlify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# At once: the console's answer must fit into the heap beside the gateway.
RECORDS_MAX = 24


def running() -> "Any":
    """The gateway."""
    return sys.modules["tocsin_fw.app"].running


def prove(challenge: str) -> None:
    """Print what only who has this gateway's service key can make of a challenge, both as hexadecimal digits."""
    from tocsin.compat import hmac_sha256

    with open(running().hal.storage + "/keys/service.key", "rb") as file:
        print(hexlify(hmac_sha256(file.read(), b"tocsin commission" + unhexlify(challenge))).decode())


def site() -> None:
    """Print the configuration that lies in flash."""
    with open(running().hal.storage + "/site.json") as file:
        print(file.read())


def records(seq: int) -> None:
    """Print the seq to go on from, and what the journal holds from `seq` on, as many as fit, in base64."""
    from tocsin.errors import JournalError

    journal, found = running().recorder._journal, b""
    for _ in range(RECORDS_MAX):
        seq = journal.first_from(seq)
        if seq >= journal.next_seq:
            break
        try:
            found += journal.read(seq)
        except JournalError:
            pass  # a damaged one: the gateway tells of it by itself
        seq += 1
    print(seq, b2a_base64(found).decode().strip())
