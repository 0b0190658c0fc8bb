"""Names of the device's modules, replaced by words that the official firmware has in flash anyway.

Role in the flow: provisioning, before stage 1. Context: host.
MicroPython keeps each name of a function, attribute, argument or global in the heap, once: its letters, and some six
bytes more. A name that the firmware has itself costs nothing. So each of ours becomes such a word, the same everywhere.

Nobody can ask for a name that is replaced. MicroPython itself asks for those only that it has in flash: they stay. So
do names that stand in a string, those of modules and classes, which can be asked for, and those that main.py or
`tocsin diag` use. What a board says of its errors is read with `read_back`.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files

_WORDS_FILE = "firmware_words.txt"
# Not to be given to anything of ours: MicroPython asks an object for them that it takes for a file, a file system, a
# generator or an error, and they mean something in viper code and in programs of state machines.
_ASKED_BY_MICROPYTHON = """
    args clear close code count errno flush get getcwd ilistdir ioctl irq items keys mkdir mount name open pend_throw
    read readblocks readinto readline remove rename rmdir seek send set stat statvfs tell throw umount value values
    write writeblocks
    bool const int object ptr ptr8 ptr16 ptr32 uint
"""
_OURS = re.compile(r'(  File "tocsin[^"]*", line \d+, in )(\w+)')
_QUOTED = re.compile(r"'(\w+)'")


def firmware_words() -> frozenset[str]:
    """The names that the official firmware has in flash (tests/tools/list_firmware_words.py)."""
    return frozenset((files(__package__) / _WORDS_FILE).read_text("ascii").split())


def words_for(texts: Mapping[str, str], asked: Collection[str]) -> dict[str, str]:
    """The word for each name of these modules that is replaced; names that are `asked` for stay.

    The longest names come first, should there be more names than words.
    """
    trees = [ast.parse(text) for text in texts.values()]
    known = firmware_words()
    kept = {*asked, *(part for module in texts for part in module.split("."))}
    for tree in trees:
        kept.update(_strings(tree), (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)))
    names = {name for tree in trees for name in _interned(tree) if not name.startswith("__")} - known - kept
    used = {name for text in texts.values() for name in names_in(text)}
    free = known - used - kept - {*_ASKED_BY_MICROPYTHON.split()} - {*keyword.kwlist, *keyword.softkwlist}
    words = sorted(word for word in free if not word.startswith("__"))
    return dict(zip(sorted(names, key=lambda name: (-len(name), name)), words, strict=False))


def replaced(text: str, words: Mapping[str, str]) -> str:
    """A module's text with its names replaced; every line stays a line."""
    lines = text.splitlines(keepends=True)
    for token in reversed(list(_tokens(text))):
        if token.string in words:
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = line[:start] + words[token.string] + line[end:]
    return "".join(lines)


def read_back(text: str, words: Mapping[str, str]) -> str:
    """A traceback of a board with the names of the sources: of functions, and what its last line quotes."""
    names = {word: name for name, word in words.items()}
    text = _OURS.sub(lambda found: found[1] + names.get(found[2], found[2]), text)
    return _QUOTED.sub(lambda found: f"'{names.get(found[1], found[1])}'", text)


def names_in(text: str) -> set[str]:
    """Every name in a module's text."""
    return {token.string for token in _tokens(text)}


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token


def _strings(tree: ast.Module) -> Iterator[str]:
    """Strings, of which one may be a name; not those of annotations, which do not come to a board."""
    notes: set[int] = set()
    for node in ast.walk(tree):
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            notes.update(id(part) for part in (ast.walk(note) if note else ()))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            yield node.value


def _interned(tree: ast.Module) -> Iterator[str]:
    """Names that a board keeps: all but those of local variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        if isinstance(node, (ast.Module, ast.ClassDef)):
            yield from _variables(node)


def _variables(scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    """What a module or class assigns outside of its functions."""
    for statement in scope.body:
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from (node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
