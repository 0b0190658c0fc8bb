"""A gateway that is not heard is told of, in time that the test sets."""

from collections.abc import Callable
from typing import Any

from tocsin import messages
from tocsin.framing import encode_frame
from tocsin_host.silence import SilenceWatch
from tocsin_host.store import Store

MakeDesk = Callable[..., Any]


def told(desk: Any) -> list[tuple[str, str]]:
    return [(event["kind"], event["detail"]) for event in desk.events if event["event"] == "finding"]


def at(desk: Any, now_ms: int) -> list[tuple[str, str]]:
    desk.now_ms = now_ms
    desk.collector.tell_silence()
    return told(desk)


def test_watch_tells_each_silence_once_and_how_long_it_was() -> None:
    now_ms = 1000
    watch = SilenceWatch(["a", "b"], lambda: now_ms, 30_000)
    now_ms = 20_000
    assert watch.heard("a") is None
    now_ms = 30_999
    assert watch.fallen_silent() == []
    now_ms = 31_000
    assert watch.fallen_silent() == [("b", 30_000)]
    now_ms = 50_000
    assert watch.fallen_silent() == [("a", 30_000)]
    now_ms = 60_000
    assert watch.fallen_silent() == []
    assert watch.heard("a") == 40_000
    assert watch.heard("a") is None
    now_ms = 90_000
    assert watch.fallen_silent() == [("a", 30_000)]


def test_gateway_that_never_came_is_silent_30_s_after_the_start(
    store: Store, soft_gateway: Callable[..., Any], make_desk: MakeDesk
) -> None:
    desk = make_desk(store, soft_gateway())
    assert at(desk, 29_999) == []
    assert at(desk, 30_000) == [("silent", "no new record for 30 s")]
    assert at(desk, 90_000) == [("silent", "no new record for 30 s")]
    assert [(finding.gateway, finding.kind) for finding in store.findings()] == [("gallery", "silent")]


def test_silence_is_told_again_after_it_was_heard(
    store: Store, soft_gateway: Callable[..., Any], make_desk: MakeDesk
) -> None:
    gateway = soft_gateway()
    desk = make_desk(store, gateway)
    kinds = []
    for now_ms in range(0, 200_000, 1000):
        desk.now_ms = now_ms
        if now_ms % 10_000 == 0 and not 50_000 < now_ms < 120_000:
            gateway.make(1)
        desk.talk(gateway)
        kinds.append((now_ms, len(at(desk, now_ms))))
    assert [pair for pair, before in zip(kinds[1:], kinds, strict=False) if pair[1] > before[1]] == [
        (80_000, 1),
        (120_000, 2),
    ]
    assert told(desk) == [("silent", "no new record for 30 s"), ("heard again", "on gallery, after 70 s")]


def test_noise_and_what_was_sent_before_are_no_sign_of_life(
    store: Store, soft_gateway: Callable[..., Any], make_desk: MakeDesk
) -> None:
    gateway = soft_gateway()
    gateway.make(3)
    desk = make_desk(store, gateway)
    desk.talk(gateway)
    hello = encode_frame(gateway.hello.encode(gateway.secrets.link_key))
    for desk.now_ms in range(1000, 30_000, 1000):
        desk.collector.receive("gallery", hello + b"noise\0")
        desk.tell("gallery", messages.encode_record(gateway.read(1), None), messages.encode_time_ask(5))
    assert at(desk, 30_000) == [("silent", "no new record for 30 s")]
