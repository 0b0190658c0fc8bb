"""The one tree of errors of lib/tocsin; every stage of the flow raises these.

Role in the flow: all stages. Shared: yes. Context: task and host.

Local misuse raises at once; bad bytes from flash or from the other side raise the matching error, never
assert. `code` is a small integer because an error on the device becomes an event, and an event carries
numbers only.
"""


class TocsinError(Exception):
    """Root of the tree. `code` is the class's number unless the raiser gives a finer one."""

    code = 1

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        if code:
            self.code = code


class RecordError(TocsinError):
    """A record, log file or verification key that cannot be built or read."""

    code = 100


class FrameError(TocsinError):
    """A frame on the link that breaks the framing rules."""

    code = 200


class SessionError(TocsinError):
    """A well-framed message that the session may not accept."""

    code = 300


class JournalError(TocsinError):
    """The journal could not be read or written."""

    code = 400


class ConfigError(TocsinError):
    """A configuration or key file that cannot be used."""

    code = 500


class MqttError(TocsinError):
    """A broker that breaks MQTT, or a packet that cannot be built."""

    code = 600


class UpdateError(TocsinError):
    """An update that cannot be made, or must not be taken."""

    code = 700
