"""The flag that the sampler's interrupt sets: it does not allocate, and every wake is one, however often it was set."""

import asyncio

import micropython
from tocsin_fw.wake_flag import WakeFlag

_TURNS_MAX = 1000


def test_set_does_not_allocate_nor_overflow():
    flag = WakeFlag()
    wake = flag.set
    micropython.heap_lock()
    try:
        for _ in range(1000):
            wake()
    finally:
        micropython.heap_unlock()


def test_a_set_flag_wakes_once_and_an_unset_one_waits():
    wakes = []

    async def watch(flag):
        while True:
            await flag.wait()
            wakes.append(1)

    async def main():
        flag = WakeFlag()
        for _ in range(9):
            flag.set()
        task = asyncio.create_task(watch(flag))
        for count in (1, 2):
            for _ in range(_TURNS_MAX):
                await asyncio.sleep_ms(1)  # a busy machine may come back too late for one turn
                if len(wakes) == count:
                    break
            await asyncio.sleep_ms(5)
            assert len(wakes) == count
            flag.set()
        task.cancel()

    asyncio.run(main())
