"""Measured quantities of a site description, and what the device reads of them: integers, in thousandths of the unit.

Role in the flow: before stage 1; part of `site_model.py` and `site_compile.py`. Context: host.
Reference for the user: docs/site.md. Sources of defaults: Bizot Green Protocol 2023 (16 to 25 °C, 40 to 60 %RH, no
more than 10 %RH within 24 h); NAMUR NE 43 (4-20 mA: below 3.6 mA broken, above 21 mA short).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

SUPPLY_MV = 3300
DAY_S = 86_400
BROKEN_MA, SHORT_MA = 3.6, 21.0

# How far a quantity must come back from a limit before it is normal again.
HYSTERESIS_MC = 300
HYSTERESIS_MILLI_RH = 1000
HYSTERESIS_MV = 200

Period = Annotated[StrictInt, Field(ge=5, le=3600)]
Journal = Annotated[StrictInt, Field(ge=0, le=DAY_S)]
Hours = Annotated[float, Field(ge=0, le=744)]
Compiled = dict[str, Any]


class Table(BaseModel):
    """A table of the site description: unknown keys are errors, values are taken as they are written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Temperature(Table):
    """A temperature between two limits: a DS18B20 by its ROM id, an SHT by its address, or the chip's own."""

    sensor: Annotated[str, Field(pattern=r"^(28-[0-9a-f]{12}|chip|sht[34]x-4[456])$")]
    low_c: Annotated[float, Field(ge=-55, le=125)] = 16.0
    high_c: Annotated[float, Field(ge=-55, le=125)] = 25.0
    change_c: Annotated[float, Field(gt=0, le=100)] | None = None
    stuck_h: Hours = 24.0
    period_s: Period = 60
    journal_s: Journal = 0

    def compiled(self) -> Compiled:
        """What the device reads."""
        name = f"{self.sensor}/t" if self.sensor.startswith("sht") else self.sensor
        limits = {"low_milli": _milli(self.low_c), "high_milli": _milli(self.high_c), "hysteresis_milli": HYSTERESIS_MC}
        # The chip's own sensor has steps of half a degree: it may well stand still.
        stuck = {} if self.sensor == "chip" else _stuck(self.stuck_h)
        return {"type": "temperature", "sensor": name, **limits, **_change(self.change_c), **stuck, **_pace(self)}


class Humidity(Table):
    """Relative humidity between two limits, what it may change within 24 h, and how long it may be damp."""

    sensor: Annotated[str, Field(pattern=r"^sht[34]x-4[456]$")]
    low_rh: Annotated[float, Field(ge=0, le=100)] = 40.0
    high_rh: Annotated[float, Field(ge=0, le=100)] = 60.0
    change_rh: Annotated[float, Field(ge=0, le=100)] = 10.0
    mould_h: Annotated[float, Field(ge=0, le=8760)] = 168.0
    stuck_h: Hours = 24.0
    period_s: Period = 60
    journal_s: Journal = 0

    def compiled(self) -> Compiled:
        """What the device reads."""
        limits = {"low_milli": _milli(self.low_rh), "high_milli": _milli(self.high_rh)}
        mould = {"mould_s": round(self.mould_h * 3600)} if self.mould_h else {}
        return {
            "type": "humidity",
            "sensor": f"{self.sensor}/rh",
            **limits,
            "hysteresis_milli": HYSTERESIS_MILLI_RH,
            **_change(self.change_rh),
            **mould,
            **_stuck(self.stuck_h),
            **_pace(self),
        }


class Level(Table):
    """A water level by a sensor with a voltage, or with a current of 4 to 20 mA over a resistor."""

    adc: StrictInt
    signal: Literal["0-3.3V", "4-20mA"]
    range_mm: Annotated[StrictInt, Field(ge=10, le=100_000)]
    shunt_ohm: Annotated[StrictInt, Field(ge=10, le=1000)] = 150
    low_mm: StrictInt | None = None
    high_mm: StrictInt | None = None
    rise_mm: Annotated[StrictInt, Field(ge=1)] | None = None
    rise_s: Annotated[StrictInt, Field(ge=60, le=DAY_S)] = 600
    period_s: Period = 10
    journal_s: Journal = 0

    def compiled(self) -> Compiled:
        """What the device reads."""
        limits = {"low_milli": self.low_mm, "high_milli": self.high_mm}
        found: Compiled = {"type": "level", "adc": self.adc}
        if self.signal == "4-20mA":
            found |= {"zero_mv": 4 * self.shunt_ohm, "gain": self.range_mm, "per_mv": 16 * self.shunt_ohm}
            found |= {"least_milli": self._at_ma(BROKEN_MA), "most_milli": self._at_ma(SHORT_MA)}
        else:
            found |= {"zero_mv": 0, "gain": self.range_mm, "per_mv": SUPPLY_MV}
        found |= {key: value for key, value in limits.items() if value is not None}
        found["hysteresis_milli"] = max(2, self.range_mm // 200)
        if self.rise_mm is not None:
            found |= {"rise_milli": self.rise_mm, "span_s": self.rise_s}
        return {**found, **_pace(self)}

    def _at_ma(self, current_ma: float) -> int:
        return round((current_ma - 4) * self.range_mm / 16)


class Voltage(Table):
    """A voltage through a divider: a battery, a supply."""

    adc: StrictInt
    top_ohm: Annotated[StrictInt, Field(ge=0, le=100_000)]
    bottom_ohm: Annotated[StrictInt, Field(ge=100, le=100_000)]
    low_v: Annotated[float, Field(gt=0, le=100)]
    high_v: Annotated[float, Field(gt=0, le=100)] | None = None
    missing_v: Annotated[float, Field(ge=0, le=100)] = 0.0
    period_s: Period = 10
    journal_s: Journal = 0

    @property
    def most_v(self) -> float:
        """The highest voltage that the converter can read."""
        return SUPPLY_MV / 1000 * (self.top_ohm + self.bottom_ohm) / self.bottom_ohm

    def compiled(self) -> Compiled:
        """What the device reads."""
        found: Compiled = {"type": "voltage", "adc": self.adc, "zero_mv": 0}
        found |= {"gain": self.top_ohm + self.bottom_ohm, "per_mv": self.bottom_ohm, "low_milli": _milli(self.low_v)}
        if self.high_v is not None:
            found["high_milli"] = _milli(self.high_v)
        found["hysteresis_milli"] = HYSTERESIS_MV
        if self.missing_v:
            found["least_milli"] = _milli(self.missing_v)
        return {**found, **_pace(self)}


class Wind(Table):
    """A cup anemometer with a contact: its pulses are counted."""

    pin: StrictInt
    metres_per_pulse: Annotated[float, Field(ge=0.001, le=100)]
    mean_m_s: Annotated[float, Field(gt=0, le=100)]
    gust_m_s: Annotated[float, Field(gt=0, le=100)]
    stuck_h: Hours = 0.0
    journal_s: Journal = 0

    def compiled(self) -> Compiled:
        """What the device reads."""
        found: Compiled = {"type": "wind", "sensor": f"pulses-{self.pin}"}
        found["mm_per_pulse"] = _milli(self.metres_per_pulse)
        found |= {"mean_milli": _milli(self.mean_m_s), "gust_milli": _milli(self.gust_m_s)}
        return {**found, **_stuck(self.stuck_h), **_journal(self.journal_s)}


class Accelerometer(Table):
    """A LIS3DH on the work: how far it may lean from how it rests, and what blow it may get."""

    sensor: Annotated[str, Field(pattern=r"^lis3dh-1[89]$")]
    tilt_deg: Annotated[float, Field(ge=1, le=90)] | None = None
    shake_mg: Annotated[StrictInt, Field(ge=32, le=2000)] | None = None
    journal_s: Journal = 0

    def compiled(self) -> Compiled:
        """What the device reads."""
        found: Compiled = {"type": "tilt", "sensor": self.sensor}
        if self.tilt_deg is not None:
            found["tilt_milli"] = _milli(self.tilt_deg)
        if self.shake_mg is not None:
            found["shake_milli"] = self.shake_mg
        return {**found, **_journal(self.journal_s)}


Quantity = Temperature | Humidity | Level | Voltage | Wind | Accelerometer


def _milli(value: float) -> int:
    return round(value * 1000)


def _change(change: float | None) -> Compiled:
    return {"change_milli": _milli(change), "span_s": DAY_S} if change else {}


def _stuck(hours: float) -> Compiled:
    return {"stuck_s": round(hours * 3600)} if hours else {}


def _pace(table: Temperature | Humidity | Level | Voltage) -> Compiled:
    return {"period_s": table.period_s, **_journal(table.journal_s)}


def _journal(journal_s: int) -> Compiled:
    return {"journal_s": journal_s} if journal_s else {}
