"""What a site description may say: gateways, their zones, and how each zone is wired.

Role in the flow: before stage 1; `site.py` reads a file into this, `site_compile.py` makes a device's
configuration of it. Context: host. Reference for the user: docs/site.md.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from .site_kinds import ALWAYS, CHIME, FOLLOWS, KINDS, SILENT, Kind, Layer, Response, Responses
from .site_outputs import Output
from .site_people import Person, Reader, Round
from .site_quantities import DAY_S, Accelerometer, Humidity, Level, Quantity, Temperature, Voltage, Wind

Scheme = Literal["4k7+2k2", "1k+1k"]
WIRINGS = ("contact", "loop", "temperature", "humidity", "level", "voltage", "wind", "accelerometer", "reader")
Label = Annotated[str, Field(min_length=1, max_length=64)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Contact(_Table):
    """A dry contact between a pin and ground: reed, relay output of a detector, float switch."""

    pin: StrictInt
    normally: Literal["closed", "open"]


class Loop(_Table):
    """A supervised loop on an ADC channel, pulled up to 3.3 V by `pull_up_ohm`."""

    adc: StrictInt
    scheme: Scheme
    pull_up_ohm: Annotated[StrictInt, Field(ge=100, le=1_000_000)] = 4700
    calibrated_mv: Annotated[StrictInt, Field(ge=1, le=3300)] | None = None
    journal_s: Annotated[StrictInt, Field(ge=0, le=DAY_S)] = 0


class Modes(_Table):
    """What becomes of an alarm in each mode; what is left out is as the kind has it."""

    open: Response | None = None
    closed: Response | None = None
    lockdown: Response | None = None
    reopening: Response | None = None


class Zone(_Table):
    """One protected thing; exactly one of WIRINGS says how it is wired."""

    number: Annotated[StrictInt, Field(ge=1, le=250)]
    name: Label
    kind: Kind
    around_the_clock: StrictBool | None = None
    modes: Modes | None = None
    layer: Layer | None = None
    confirm_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    silent: StrictBool | None = None
    chime: StrictBool | None = None
    pulses: Annotated[StrictInt, Field(ge=2, le=20)] | None = None
    pulse_window_s: Annotated[StrictInt, Field(ge=1, le=3600)] = 30
    quiet_s: Annotated[StrictInt, Field(ge=60, le=31 * DAY_S)] | None = None
    stuck_s: Annotated[StrictInt, Field(ge=60, le=31 * DAY_S)] | None = None
    contact: Contact | None = None
    loop: Loop | None = None
    temperature: Temperature | None = None
    reader: Reader | None = None
    person: Annotated[StrictInt, Field(ge=1, le=250)] | None = None
    sets: Literal["closed", "lockdown"] | None = None
    humidity: Humidity | None = None
    level: Level | None = None
    voltage: Voltage | None = None
    wind: Wind | None = None
    accelerometer: Accelerometer | None = None

    @property
    def wirings(self) -> list[str]:
        """Names of the wirings given."""
        return [name for name in WIRINGS if getattr(self, name) is not None]

    @property
    def wiring(self) -> Contact | Loop | Quantity | Reader:
        """The wiring given. Raises: IndexError where there is none."""
        found: Contact | Loop | Quantity | Reader = getattr(self, self.wirings[0])
        return found

    @property
    def responses(self) -> Responses:
        """What becomes of an alarm in the modes open, closed, lockdown and reopening."""
        usual = KINDS[self.kind].responses
        if self.around_the_clock is not None:
            usual = ALWAYS if self.around_the_clock else FOLLOWS
        told = self.modes or Modes()
        return (
            told.open or usual[0],
            told.closed or usual[1],
            told.lockdown or usual[2],
            told.reopening or usual[3],
        )

    @property
    def does(self) -> int:
        """The bits of `site_kinds` that hold for this zone."""
        bits = KINDS[self.kind].does
        for bit, told in ((SILENT, self.silent), (CHIME, self.chime)):
            if told is not None:
                bits = bits | bit if told else bits & ~bit
        return bits

    @property
    def debounce_layer(self) -> Layer:
        """The layer that decides about this zone."""
        return self.layer or KINDS[self.kind].layer


class Network(_Table):
    """A gateway's second way to its host: a wireless network, and the MQTT broker that is reached through it."""

    ssid: Annotated[str, Field(min_length=1, max_length=32)]
    broker: str
    port: Annotated[StrictInt, Field(ge=1, le=65535)] = 8883
    certificate_sha256: Annotated[list[str], Field(min_length=1, max_length=4)]


class Delays(_Table):
    """How long a gateway waits for people, and how near two alarms must be to confirm each other; how
    often every zone is to be tested; 0: not at all."""

    exit_s: Annotated[StrictInt, Field(ge=0, le=300)] = 0
    entry_s: Annotated[StrictInt, Field(ge=0, le=300)] = 0
    confirm_s: Annotated[StrictInt, Field(ge=0, le=3600)] = 0
    test_days: Annotated[StrictInt, Field(ge=0, le=3600)] = 0


class Gateway(_Table):
    """One box: a board and what is wired to it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    board: str
    room: Label
    network: Network | None = None
    guard: Delays | None = None
    zones: Annotated[list[Zone], Field(alias="zone", min_length=1)]
    rounds: Annotated[list[Round], Field(alias="round")] = []
    outputs: Annotated[list[Output], Field(alias="output")] = []


class Site(_Table):
    """A building and its gateways."""

    name: Label
    timezone: str = "UTC"
    gateways: Annotated[list[Gateway], Field(alias="gateway", min_length=1)]
    people: Annotated[list[Person], Field(alias="person")] = []

    def gateway(self, name: str) -> Gateway:
        """The gateway of a name. Raises: KeyError naming those that there are."""
        for gateway in self.gateways:
            if gateway.name == name:
                return gateway
        known = ", ".join(gateway.name for gateway in self.gateways)
        raise KeyError(f"the site has no gateway {name!r}; use one of: {known}")
