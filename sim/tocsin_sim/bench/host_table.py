"""The figures of `make bench-host`, for people: tables on standard output.

Role in the flow: the reports of `make bench-host`. Context: CPython.
"""

from rich.table import Table

from tocsin_sim.bench.host_load import Load
from tocsin_sim.bench.host_run import Run
from tocsin_sim.bench.tables import bars_table, make_console, make_table

_MIB = 1 << 20


def show(run: Run) -> None:
    """Print everything that matters."""
    console = make_console()
    console.print(_verification(run), _storing(run), _load(run.load), bars_table(run.bars))


def _verification(run: Run) -> Table:
    one = run.verification
    title = f"Host, {run.mode.name} run, seed {run.seed}: verifying a sound log, processor time"
    table = make_table(title, "", "µs a record", "records/s", "of the bare calls")
    rows = (
        ("bare: hmac.digest and one SHA-256, nothing compared", one.bare_us, 1.0),
        ("tocsin verify: a whole log", one.log_us, one.log_ratio),
        ("the collector's verifier, record by record", one.arriving_us, one.arriving_ratio),
    )
    for name, us, ratio in rows:
        table.add_row(name, f"{us:.2f}", f"{1e6 / us:,.0f}", f"{ratio:.2f}")
    return table


def _storing(run: Run) -> Table:
    columns = ("records/s", "records", "survives a power cut", "shows an alteration")
    table = make_table("Storing, time on the wall, on this disk", "", *columns)
    for one in run.storing:
        words = ["yes" if value else "no" for value in (one.survives, one.proves)]
        table.add_row(one.name, f"{one.per_s:,.0f}", f"{one.records:,}", *words)
    return table


def _load(load: Load) -> Table:
    shape = load.shape
    title = (
        f"{shape.gateways} gateways, a heartbeat every 10 s, bursts, an outage made up for; {shape.seconds} s virtual"
    )
    table = make_table(title, "", "")
    latencies = ", ".join(f"{load.latency_ms(share)}" for share in (0.5, 0.9, 0.99, 1))
    rows = (
        ("records sent, stored, acknowledged", f"{load.sent}, {load.stored}, {load.acknowledged}"),
        ("opening all sessions at once, s", f"{load.sessions_s:.2f}"),
        ("wall time a virtual second, waiting for the disk too, s", f"{load.wall_s / shape.seconds:.3f}"),
        ("processor, of one core: mean, busiest second, %", f"{_percent(load)}"),
        ("arrival to acknowledgement: 50, 90, 99, 100 %, ms", latencies),
        ("memory at the start, at the end, MiB", f"{load.memory[0] / _MIB:.1f}, {load.memory[-1] / _MIB:.1f}"),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _percent(load: Load) -> str:
    return f"{100 * load.cpu_s / load.shape.seconds:.1f}, {100 * max(load.share_by_second):.1f}"
