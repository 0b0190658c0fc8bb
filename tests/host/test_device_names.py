"""Names become words of the firmware, the same everywhere, and nobody who asks for one asks in vain."""

import ast
import builtins
import importlib.util
import keyword
from pathlib import Path

import pytest
from tocsin_host import device_modules, device_names, firmware_image
from tocsin_host.image_uf2 import ImageError

LINK = '''"""Sends."""

import time

from .framing import encode_frame


class UplinkError(Exception):
    pass


class Uplink:
    limit_bytes = 64

    def __init__(self, link: "Receiver", encoded_bytes):
        self._waiting = link
        self.spent_ms = time.ticks_ms()

    def push_all(self, encoded_bytes=b"waiting_now", *, is_first=False):
        local_copy = getattr(self, "asked_for")
        return encode_frame(encoded_bytes, is_first=is_first), local_copy, self.told_of
'''
FRAMING = "def encode_frame(body, is_first):\n    return body.extend(is_first), [x for x in body if x.counted_twice]\n"
TEXTS = {"tocsin_fw.uplink": LINK, "tocsin_fw.framing": FRAMING}


def test_attributes_arguments_and_functions_become_words_that_the_firmware_has() -> None:
    words = device_names.words_for(TEXTS, {"told_of"})
    assert {
        "_waiting",
        "body",
        "counted_twice",
        "encode_frame",
        "encoded_bytes",
        "is_first",
        "limit_bytes",
        "link",
        "push_all",
        "spent_ms",
    } == set(words)
    assert set(words.values()) <= device_names.firmware_words()
    assert len(set(words.values())) == len(words)


def test_a_name_that_can_be_asked_for_stays() -> None:
    words = device_names.words_for(TEXTS, {"told_of"})
    for name in ("told_of", "asked_for", "UplinkError", "framing", "extend", "ticks_ms", "__init__", "local_copy"):
        assert name not in words, name


def test_no_word_is_one_that_the_modules_use_or_micropython_asks_for() -> None:
    words = set(device_names.words_for(TEXTS, ()).values())
    assert not words & {"time", "ticks_ms", "extend", "getattr", "self", "x", "read", "ioctl", "send", "value"}
    assert not [word for word in words if word.startswith("__")]


def test_every_use_is_replaced_and_nothing_else_changes() -> None:
    words = device_names.words_for(TEXTS, {"told_of"})
    for text in TEXTS.values():
        after = device_names.replaced(text, words)
        assert ast.dump(_Renamed(words).visit(ast.parse(text))) == ast.dump(ast.parse(after))
        assert after.count("\n") == text.count("\n")
    assert 'b"waiting_now"' in device_names.replaced(LINK, words)


def test_the_modules_of_a_board_differ_from_their_sources_in_names_only() -> None:
    words, texts = device_modules.words(), device_modules.inlined()
    for module, after in device_modules.shipped().items():
        assert ast.dump(_Renamed(words).visit(ast.parse(texts[module]))) == ast.dump(ast.parse(after)), module


def test_no_name_of_a_board_is_given_away_twice() -> None:
    words = device_modules.words()
    texts = device_modules.inlined().values()
    assert len(set(words.values())) == len(words)
    assert not set(words.values()) & {name for text in texts for name in device_names.names_in(text)}
    assert not set(words.values()) & {*keyword.kwlist, *keyword.softkwlist}
    # Not one of a language's own that a module could do without today and use tomorrow.
    assert not set(words) & {*dir(builtins)}


def test_what_main_and_what_is_sent_to_a_board_use_is_there() -> None:
    words = device_modules.words()
    for text in (device_modules.main_text(), *(path.read_text("utf-8") for path in device_modules.SENT)):
        assert not set(words) & device_names.names_in(text)
    folder = Path(device_modules.__file__).parent
    assert {path for path in folder.glob("*.py") if "Context: the console of a gateway" in path.read_text("utf-8")} == {
        *device_modules.SENT
    }


def test_a_traceback_is_read_back() -> None:
    words = {"push_all": "GPIO7", "_waiting": "ADC", "later": "run"}
    said = (
        "Traceback (most recent call last):\n"
        '  File "main.py", line 220, in run\n'
        '  File "asyncio/core.py", line 1, in run\n'
        '  File "tocsin_fw.uplink", line 1, in GPIO7\n'
        '  File "tocsin_fw.start", line 1, in start\n'
        "AttributeError: 'Uplink' object has no attribute 'ADC'\n"
    )
    assert device_names.read_back(said, words) == (
        "Traceback (most recent call last):\n"
        '  File "main.py", line 220, in run\n'
        '  File "asyncio/core.py", line 1, in run\n'
        '  File "tocsin_fw.uplink", line 1, in push_all\n'
        '  File "tocsin_fw.start", line 1, in start\n'
        "AttributeError: 'Uplink' object has no attribute '_waiting'\n"
    )


def test_the_words_are_those_of_the_official_image() -> None:
    path = Path(__file__).parents[1] / "tools" / "list_firmware_words.py"
    spec = importlib.util.spec_from_file_location("list_firmware_words", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    try:
        text = tool.text()
    except ImageError as error:
        pytest.skip(str(error))
    assert text.split() == sorted(device_names.firmware_words())
    assert firmware_image.known_image("pico_w") == firmware_image.KNOWN[0]


class _Renamed(ast.NodeTransformer):
    """Every name replaced, in the tree instead of in the text."""

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field, value in ast.iter_fields(node):
            if isinstance(value, str) and not isinstance(node, ast.Constant):
                setattr(node, field, self._words.get(value, value))
            elif field == "names" and isinstance(node, (ast.Global, ast.Nonlocal)):
                node.names = [self._words.get(name, name) for name in node.names]
        return super().generic_visit(node)
