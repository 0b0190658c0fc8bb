"""The hardware layer's contract: what every back-end gives the firmware, and nothing more.

Role in the flow: stages 1 to 3, 7 and 8, where the firmware meets a board. Context: task; see each member.

A back-end is a module with `open_hal(config)`; `config` is the parsed /site.json. `machine`, `rp2` and their like are imported
in back-ends and drivers only. Back-ends: `hal_rp2` (RP2040, Pico W); the simulator brings its own.

A hal has:

| member | what it is |
| --- | --- |
| `board` | name of the board, as in `tocsin_boards` |
| `storage` | folder for journal and keys, without a slash at its end |
| `sampler.start(mask, rest_mask)` | sample the pins of `mask` once a millisecond; a pin is active when it differs from its bit in `rest_mask` |
| `sampler.ring` | `tocsin.edge_ring.EdgeRing` of debounced transitions, filled in interrupt context |
| `sampler.flag` | `asyncio.ThreadSafeFlag`, set when transitions wait in the ring |
| `sampler.count()` | samples since start: milliseconds, 64 bits, the gateway's only clock |
| `sampler.lost()` | samples lost since start |
| `sampler.levels(layer)` | debounced word of a layer (`tocsin.debounce`) |
| `read_mv(channel)` | voltage of ADC `channel` in mV; raises OSError |
| `read_mc(sensor)` | temperature in m°C of a DS18B20 by ROM id, or of the chip by "chip"; raises OSError |
| `link.read()` | bytes from the host, b"" when none came |
| `link.write(data)` | bytes to the host; dropped when nobody listens, never blocks longer than the watchdog allows |
| `link.wait(timeout_ms)` | coroutine: until bytes came, or the time is over |
| `link.is_open()` | whether a host is there, as far as the hardware can tell |
| `feed()` | feed the watchdog |
| `reset_cause()` | 0 unknown, 1 power, 3 watchdog (docs/record.md, boot) |
| `restart()` | reset the board; does not return |
| `random(count)` | `count` bytes nobody can guess |
"""

# The watchdog of the RP2040 reaches 8388 ms at most (datasheet 4.7); below it, the supervisor judges first.
WATCHDOG_MS = 8000
