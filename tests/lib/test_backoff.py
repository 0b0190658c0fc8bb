"""The delays of docs/link.md."""

from tocsin.backoff import backoff_ms


def test_delays_are_those_of_the_page():
    assert [backoff_ms(attempt) for attempt in range(8)] == [1000, 2000, 4000, 8000, 10000, 10000, 10000, 10000]
    assert backoff_ms(1 << 40) == 10000
