"""The door to service mode: a challenge, and the answer that only a technician's key can give (docs/service.md).

Role in the flow: beside stage 8. Shared: yes; a gateway imports it when somebody knocks, and not before. Context: task.
Time and random bytes are arguments.
"""

from .compat import ct_equal, hmac_sha256
from .event import PERSON_MAX
from .messages import SERVICE_CHALLENGE, SERVICE_STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES = 32
CHALLENGE_BYTES = 16
ANSWER_BYTES = 16
MINUTES_MAX = 120
# A challenge serves one attempt, soon.
CHALLENGE_MS = 30_000


def answer(key: bytes, challenge: bytes, minutes: int, person: int = 0) -> bytes:
    """The 16 bytes that open the door of the gateway with this service key for so long; `person` 0: nobody is named."""
    return _answer(key, challenge, bytes((minutes, person) if person else (minutes,)))


def encode_state(minutes: int) -> bytes:
    """Body by which a gateway says how long its console is open; 0: it is closed."""
    return bytes((SERVICE_STATE, minutes))


class ServiceDoor:
    """Judges who may in. `key` is 32 bytes; `random(n)` gives n fresh bytes."""

    def __init__(self, key: bytes, random: "Callable[[int], bytes]") -> None:
        self._key = key
        self._random = random
        self._challenge = b""
        self._until_ms = 0

    def challenge(self, now_ms: int) -> bytes:
        """Body of a new challenge; the one before is worth nothing any more."""
        self._challenge = self._random(CHALLENGE_BYTES)
        self._until_ms = now_ms + CHALLENGE_MS
        return bytes((SERVICE_CHALLENGE,)) + self._challenge

    def judge(self, body: bytes, now_ms: int) -> int:
        """Minutes for which the answer in a *service open* body opens the console + 256 × person; 0: it does not."""
        challenge, self._challenge = self._challenge, b""
        said = body[1:-ANSWER_BYTES]
        if len(said) not in (1, 2) or not challenge or now_ms >= self._until_ms:
            return 0
        is_named = len(said) == 2
        minutes, person = said[0], said[1] if is_named else 0
        if not 1 <= minutes <= MINUTES_MAX or not int(is_named) <= person <= PERSON_MAX:
            return 0
        if not ct_equal(_answer(self._key, challenge, said), body[-ANSWER_BYTES:]):
            return 0
        return minutes | person << 8


def _answer(key: bytes, challenge: bytes, said: bytes) -> bytes:
    return hmac_sha256(key, b"tocsin service" + challenge + said)[:ANSWER_BYTES]
