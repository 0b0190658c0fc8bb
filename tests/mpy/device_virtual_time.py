"""The virtual clock under asyncio: order, leaps, flags, cancelling, and the ticks' wrap."""

from support_virtual import CLOCK, asyncio, run_for, time
from tocsin_sim.vm.virtual_time import NEVER, Clock


def test_sleeps_end_in_the_order_they_are_due_and_exactly_then():
    start_ms = CLOCK.now_ms
    woken = []

    async def sleeper(name, *naps_ms):
        for nap_ms in naps_ms:
            await asyncio.sleep_ms(nap_ms)
            woken.append((CLOCK.now_ms - start_ms, name))

    run_for(1000, sleeper("a", 30, 30), sleeper("b", 10, 40), sleeper("c", 60), sleeper("d", 0))
    assert woken == [(0, "d"), (10, "b"), (30, "a"), (50, "b"), (60, "c"), (60, "a")]
    assert CLOCK.now_ms == start_ms + 1000


def test_time_moves_only_while_every_task_waits():
    seen = []

    async def worker():
        start_ms = CLOCK.now_ms
        for _ in range(100):
            await asyncio.sleep_ms(0)
        seen.append(CLOCK.now_ms - start_ms)

    run_for(10, worker())
    assert seen == [0]


def test_ticks_wrap_an_hour_after_power_up_and_sleeps_go_on():
    CLOCK.now_ms = 3_600_000 - 50
    seen = []

    async def worker():
        start = time.ticks_ms()
        for _ in range(10):
            await asyncio.sleep_ms(10)
            seen.append((time.ticks_ms(), time.ticks_diff(time.ticks_ms(), start)))

    run_for(200, worker())
    assert [elapsed for _, elapsed in seen] == list(range(10, 101, 10))
    assert seen[3][0] == (1 << 30) - 10 and seen[4][0] == 0 and seen[9][0] == 50


def test_ticks_us_follow_the_clock():
    before = time.ticks_us()
    run_for(3)
    assert time.ticks_diff(time.ticks_us(), before) == 3000 and time.ticks_add((1 << 30) - 1, 2) == 1


def test_a_flag_wakes_its_waiter_at_the_moment_it_is_set():
    start_ms = CLOCK.now_ms
    flag = asyncio.ThreadSafeFlag()
    woken = []

    async def waiter():
        while True:
            await flag.wait()
            woken.append(CLOCK.now_ms - start_ms)

    CLOCK.at(start_ms + 7, flag.set)
    CLOCK.at(start_ms + 9, flag.set)
    CLOCK.at(start_ms + 9, flag.set)
    run_for(50, waiter())
    assert woken == [7, 9]


def test_a_flag_set_by_a_task_wakes_without_time_passing():
    flag = asyncio.ThreadSafeFlag()
    woken = []

    async def waiter(start_ms):
        await flag.wait()
        woken.append(CLOCK.now_ms - start_ms)

    async def setter():
        await asyncio.sleep_ms(5)
        flag.set()

    run_for(20, waiter(CLOCK.now_ms), setter())
    assert woken == [5]


def test_a_cancelled_task_ends_at_once_wherever_it_waits():
    flag, event, ends = asyncio.ThreadSafeFlag(), asyncio.Event(), []

    async def nap():
        await asyncio.sleep_ms(900)

    async def wait_for(name, wait):
        try:
            await wait()
        except asyncio.CancelledError:
            ends.append((name, CLOCK.now_ms - start_ms))
            raise

    async def parent():
        await asyncio.create_task(wait_for("child", nap))

    async def main():
        waits = (flag.wait, event.wait, nap)
        tasks = [asyncio.create_task(wait_for("fes"[place], wait)) for place, wait in enumerate(waits)]
        tasks.append(asyncio.create_task(parent()))
        await asyncio.sleep_ms(10)
        assert [task.cancel() for task in tasks] == [True] * 4
        await asyncio.sleep_ms(0)
        assert [task.done() for task in tasks[:3]] == [True] * 3 and not tasks[0].cancel()

    start_ms = CLOCK.now_ms
    run_for(100, main())
    assert ends == [("f", 10), ("e", 10), ("s", 10), ("child", 10)]


def test_a_task_hands_its_result_to_the_one_that_waits():
    results = []

    async def answer():
        await asyncio.sleep_ms(5)
        return 42

    async def main():
        results.append(await asyncio.create_task(answer()))
        try:
            await asyncio.wait_for_ms(answer(), 4)
        except asyncio.TimeoutError:
            results.append("late")

    run_for(100, main())
    assert results == [42, "late"]


def test_alarms_ring_in_order_and_equal_times_as_asked():
    clock, rung = Clock(), []
    assert clock.next_alarm_ms() == NEVER and clock.ring() is False
    for at_ms, name in ((5, "a"), (3, "b"), (5, "c"), (4, "d")):
        clock.at(at_ms, rung.append, name)
    clock.now_ms = 4
    assert clock.ring() and rung == ["b", "d"] and clock.next_alarm_ms() == 5
    clock.now_ms = 5
    assert clock.ring() and rung == ["b", "d", "a", "c"] and not clock.ring()


def test_an_alarm_set_by_an_alarm_for_now_rings_too():
    clock, rung = Clock(), []
    clock.at(0, clock.at, 0, rung.append, "now")
    assert clock.ring() and rung == ["now"]


def test_the_same_run_twice_is_the_same():
    def play():
        seen = []
        start_ms = CLOCK.now_ms

        async def worker(seed):
            for _ in range(50):
                seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
                await asyncio.sleep_ms(seed >> 8 & 15)
                seen.append((CLOCK.now_ms - start_ms, seed))

        run_for(1000, *[worker(seed) for seed in range(5)])
        return seen

    assert play() == play()
