"""Constants are written out where they are used, and nothing else of a module changes."""

import ast

from tocsin_host import device_modules
from tocsin_host.device_constants import inline

EVENT = '''"""Numbers."""

from .compat import const

TYPE_ALARM = const(2)  # an alarm
NO_READING = const(0x7FFFFFFF)
LOW = -3
_HIDDEN = const(9)
NAMES = ("a", "b")


def is_alarm(kind: int) -> bool:
    return kind == TYPE_ALARM
'''
GUARD = '''"""Uses them."""

from tocsin import event
from tocsin.event import (
    LOW,
    NAMES,
    TYPE_ALARM,
    is_alarm,
)

EVERY_MS = 10 * TYPE_ALARM
label = "TYPE_ALARM"


def judge(kind, low=LOW):
    return event.NO_READING if is_alarm(kind) and kind == TYPE_ALARM else (NAMES, low, EVERY_MS)
'''
OTHER = "from tocsin_fw.guard import EVERY_MS\n\nsum = EVERY_MS + 1\n"


def made(asked: tuple[str, ...] = (), **others: str) -> dict[str, str]:
    modules = {"tocsin.event": EVENT, "tocsin_fw.guard": GUARD, "tocsin.compat": "", **others}
    return inline(modules, asked)


def test_uses_of_constants_become_numbers_and_their_imports_go() -> None:
    guard = made()["tocsin_fw.guard"]
    assert "return event.NO" not in guard
    assert "return 2147483647 if is_alarm(kind) and kind == 2 else (NAMES, low, 20)" in guard
    assert "def judge(kind, low=(-3)):" in guard
    assert 'label = "TYPE_ALARM"' in guard
    (_, names) = [node for node in ast.walk(ast.parse(guard)) if isinstance(node, ast.ImportFrom)]
    assert [alias.name for alias in names.names] == ["NAMES", "is_alarm"]


def test_definitions_go_but_those_that_somebody_asks_for() -> None:
    found = made()
    assert "TYPE_ALARM" not in found["tocsin.event"]
    assert "return kind == 2" in found["tocsin.event"]
    assert "_HIDDEN" not in found["tocsin.event"]
    assert 'NAMES = ("a", "b")' in found["tocsin.event"]
    assert "EVERY_MS" not in found["tocsin_fw.guard"]
    assert "\nEVERY_MS = 10 * 2\n" in made(("EVERY_MS",))["tocsin_fw.guard"]


def test_a_constant_made_of_anothers_is_known_too() -> None:
    assert made(**{"tocsin_fw.other": OTHER})["tocsin_fw.other"].endswith("sum = 20 + 1\n")


def test_a_name_that_changes_is_no_constant() -> None:
    modules = {"tocsin.a": "COUNT = 1\nCOUNT = 2\n", "tocsin.b": "from .a import COUNT\n\nprint(COUNT)\n"}
    assert inline(modules) == modules


def test_a_statement_stays_where_something_has_to_stand() -> None:
    text = "def f():\n    from tocsin.event import TYPE_ALARM\n\n    return TYPE_ALARM\n"
    found = made(**{"tocsin_fw.f": text})["tocsin_fw.f"]
    assert found == "def f():\n    pass\n\n    return 2\n"


def test_what_is_for_type_checkers_is_not_compiled() -> None:
    text = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any\n\nx = 1\n"
    assert made(**{"tocsin_fw.t": text})["tocsin_fw.t"] == ("pass\nif False:\n    from typing import Any\n\nx = 1\n")


def test_every_module_keeps_its_lines_and_what_it_defines() -> None:
    sources = {module: path.read_text("utf-8") for module, path in device_modules.sources().items()}
    for module, after in inline(sources).items():
        before = sources[module]
        assert before.count("\n") == after.count("\n"), module
        assert _definitions(before) == _definitions(after), module


def _definitions(text: str) -> list[tuple[int, str]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [(node.lineno, node.name) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
