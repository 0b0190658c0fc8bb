"""The flag that the sampler's interrupt sets: it does not allocate, and every wake is one, however often it was set."""

import asyncio

import micropython
from tocsin_fw.wake_flag import WakeFlag


def test_set_does_not_allocate_nor_overflow():
    flag = WakeFlag()
    wake = flag.set
    micropython.heap_lock()
    try:
        for _ in range(1000):
            wake()
    finally:
        micropython.heap_unlock()


async def others():
    """Let every task that can run, run."""
    for _ in range(10):
        await asyncio.sleep_ms(0)


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
        await others()
        assert len(wakes) == 1
        flag.set()
        await others()
        assert len(wakes) == 2
        task.cancel()

    asyncio.run(main())
