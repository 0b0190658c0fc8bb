"""Every promise not to allocate (`# ISR`, `# NOALLOC` on a def line) has its test under a locked heap."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"^\s*(?:async )?def (\w+)\(.*#\s*(ISR|NOALLOC)\b", re.MULTILINE)
DEVICE = ("lib", "boards", "firmware", "sim/tocsin_sim/vm")
# On the VM, or on the emulated chip for handlers that exist on that chip only.
TESTS = ("mpy/device_noalloc_*.py", "emulated/**/*.py")


def marked(source: str) -> list[tuple[str, str]]:
    """(function, mark) of each marked def line."""
    return MARK.findall(source)


def untested(function: str, tests: str) -> bool:
    """Whether no test names the function as a whole word."""
    return re.search(rf"\b{function}\b", tests) is None


def test_every_mark_has_its_test():
    texts = [p.read_text("utf-8") for glob in TESTS for p in sorted((ROOT / "tests").glob(glob))]
    tests = "".join(text for text in texts if "heap_lock()" in text)
    missing = [
        f"{path.relative_to(ROOT)}: {function} is marked {mark}"
        for folder in DEVICE
        for path in sorted((ROOT / folder).rglob("*.py"))
        for function, mark in marked(path.read_text("utf-8"))
        if untested(function, tests)
    ]
    assert not missing, "call each under heap_lock() in a tests/mpy/device_noalloc_*.py:\n" + "\n".join(missing)


def test_handlers_live_in_interrupt_files_only():
    """A hard handler is in isr.py, so that one file holds all that may not allocate or fail."""
    wrong = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "firmware").rglob("*.py"))
        if path.name != "isr.py" and any(mark == "ISR" for _, mark in marked(path.read_text("utf-8")))
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def push(self, word):  # NOALLOC\n", [("push", "NOALLOC")]),
        ("    def tick(timer):  # ISR: every 16 ms\n", [("tick", "ISR")]),
        ("def push(self):  # allocates\n", []),
    ],
)
def test_marks_are_found(source, found):
    assert marked(source) == found
