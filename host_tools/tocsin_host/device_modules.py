"""The modules of a board as they are compiled: fewer, with constants written out and names replaced.

Role in the flow: provisioning, before stage 1. Context: host.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import device_constants, device_names
from .image_uf2 import ImageError

PACKAGES = ("tocsin", "tocsin_boards", "tocsin_fw")
# Goes to the board as text: it must run where nothing else of ours does.
MAIN = "tocsin_fw.main_rp2"
# One of them is imported, whichever the gateway's configuration names.
_BOARDS = "tocsin_boards."
# What runs in a board's console: whatever version that is, it finds the names it asks for.
_SENT = ("commission_probe.py", "configure_hand.py", "diag_hand.py", "diag_probe.py")
SENT = tuple(Path(__file__).with_name(name) for name in _SENT)
# Tests and benches ask for the constants of these.
_LOOKED_INTO = ("tocsin_fw.isr", "tocsin_fw.sampler_rp2")


def sources() -> dict[str, Path]:
    """The source file of each module by dotted name, sorted. Raises ImageError."""
    found = {}
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ImageError(f"package {package} is not installed; run: make setup")
        root = Path(spec.origin).parent
        for path in root.rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join([package, *(part for part in parts if part != "__init__")])] = path
    return dict(sorted(found.items()))


def is_package(module: str) -> bool:
    """Whether a module's file is an __init__.py."""
    return module in PACKAGES


def main_text() -> str:
    """The text of the board's /main.py."""
    return sources()[MAIN].read_text("utf-8")


def shipped() -> dict[str, str]:
    """The modules that a gateway can import, by dotted name: constants written out, names replaced."""
    texts = inlined()
    words = _words(texts)
    return {module: device_names.replaced(text, words) for module, text in texts.items()}


def plain() -> dict[str, str]:
    """Every module under its own names, for tests and benches that look into a board."""
    texts = _texts()
    asked = {name for module in _LOOKED_INTO for name in device_names.names_in(texts[module])}
    return device_constants.inline(texts, asked)


def words() -> dict[str, str]:
    """The word that stands for each name in a traceback of a gateway with these modules."""
    return _words(inlined())


def _words(texts: Mapping[str, str]) -> dict[str, str]:
    return device_names.words_for(texts, _asked())


def _asked() -> set[str]:
    """Names that main.py uses, of whatever version, and what is sent to a board."""
    texts = [main_text(), *(path.read_text("utf-8") for path in SENT)]
    return {name for text in texts for name in device_names.names_in(text)}


def _texts() -> dict[str, str]:
    return {module: path.read_text("utf-8") for module, path in sources().items() if module != MAIN}


def inlined() -> dict[str, str]:
    """The modules that a gateway can import, constants written out, under their own names."""
    return reached(device_constants.inline(_texts(), _asked()), main_text())


def reached(texts: Mapping[str, str], main: str) -> dict[str, str]:
    """The modules that `main` imports, and those that they import: the host's are none of a board's business."""
    found: set[str] = set()
    new = {*_imported("main", main), *(module for module in texts if module.startswith(_BOARDS))}
    while new:
        module = new.pop()
        if module in texts and module not in found:
            found.add(module)
            new.update(_imported(module, texts[module]))
            new.add(module.rpartition(".")[0])
    return {module: text for module, text in texts.items() if module in found}


def _imported(module: str, text: str) -> Iterator[str]:
    """What a module imports, but where it says `if False`; with names in modules, too, which are none."""
    package = module if is_package(module) else module.rpartition(".")[0]
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Constant) and not node.test.value:
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(part for part in (package if node.level else "", node.module) if part)
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
