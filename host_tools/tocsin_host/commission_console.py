"""A gateway's service console at commissioning: what `tocsin diag` asks and does, and who it is, its site, its journal.

Role in the flow: beside stage 8. Context: host.
"""

from __future__ import annotations

import json
from base64 import b64decode
from hmac import compare_digest
from pathlib import Path
from typing import Any

from tocsin.compat import hmac_sha256
from tocsin.record import Record, unpack

from .diag_console import DiagConsole
from .diag_snapshot import DiagError

_PROBE = Path(__file__).with_name("commission_probe.py")
_PURPOSE = b"tocsin commission"
# So many of the newest records are looked through for those of the present start.
_REACH = 1000


class CommissionConsole(DiagConsole):
    """As `DiagConsole`."""

    def has_key(self, service_key: bytes, challenge: bytes) -> bool:
        """Whether the gateway makes of a fresh challenge what only this key can. Raises: DiagError."""
        told = self.ask(_PROBE, f"prove('{challenge.hex()}')").strip()
        return compare_digest(told, hmac_sha256(service_key, _PURPOSE + challenge).hex())

    def site_json(self) -> dict[str, Any]:
        """The configuration that lies in its flash. Raises: DiagError."""
        try:
            found = json.loads(self.ask(_PROBE, "site()"))
        except ValueError as error:
            raise DiagError(f"{self.gateway}: its /site.json cannot be read ({error}); flash it again") from error
        return dict(found)

    def records(self, boot: int, next_seq: int) -> list[Record]:
        """What its journal holds of start `boot`, rising; of the newest 1000 records. Raises: DiagError."""
        found: list[Record] = []
        seq = max(0, next_seq - _REACH)
        while seq < next_seq:
            *lines, next_line = self.ask(_PROBE, f"records({seq})").split()
            if int(next_line) <= seq:
                break
            seq = int(next_line)
            found += [unpack(b64decode(line)) for line in lines]
        return [record for record in found if record.boot == boot]
