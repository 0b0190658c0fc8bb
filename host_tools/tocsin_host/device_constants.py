"""Constants of the device's modules, put where they are used before the modules are compiled for a board.

Role in the flow: provisioning, before stage 1. Context: host.
MicroPython's compiler knows a constant in its own module only. One that another module imports costs heap in both: the
name, its places in two dictionaries, and the code that brings it over, 60 to 100 bytes each. So numbers are written
into the source in the place of their names, line by line, and lines of tracebacks stay what they are. So is the False
of TYPE_CHECKING: else the compiler would bring imports and protocols along that nobody ever runs.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

_TYPE_CHECKING = "TYPE_CHECKING"
# What a board knows the answer to before it starts.
_KNOWN_TESTS = {_TYPE_CHECKING: "False", "sys.implementation.name == 'micropython'": "True"}
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}

Constants = dict[str, dict[str, int]]  # by module, by name


class _Edit(NamedTuple):
    """Bytes `start` to `end` of a source become `text`."""

    start: int
    end: int
    text: str


def inline(sources: Mapping[str, str], asked: Collection[str] = ()) -> dict[str, str]:
    """The same modules, by dotted name, with every constant of one of them written out as its number.

    Definitions are left out, because all that use them were rewritten; not those of names that are `asked` for.
    """
    trees = {module: ast.parse(text) for module, text in sources.items()}
    known: Constants = {}
    # A constant may be made of another module's, and that one again.
    for _ in range(3):
        for module, tree in trees.items():
            known[module] = _constants(module, tree, known)
    return {module: _rewritten(module, text, trees[module], known, asked) for module, text in sources.items()}


def _constants(module: str, tree: ast.Module, known: Constants) -> dict[str, int]:
    """The public constants that a module defines once, at its top, and nowhere changes."""
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    values = _imported(module, tree, known)[0]
    found: dict[str, int] = {}
    for statement in tree.body:
        name = _name_of(statement)
        if name and name.isupper() and stored.count(name) == 1:
            assert isinstance(statement, ast.Assign)
            value = _value(statement.value, {**values, **found})
            if value is not None:
                found[name] = value
    return found


def _name_of(statement: ast.stmt) -> str:
    """NAME of a statement `NAME = …`, else nothing."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return ""


def _value(node: ast.expr, values: Mapping[str, int]) -> int | None:
    """The number that an expression of numbers is; None for any other."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        return _value(node.args[0], values)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, values), _value(node.right, values)
        return None if left is None or right is None else _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, values)
        return None if value is None else -value
    return None


def _imported(module: str, tree: ast.Module, known: Constants) -> tuple[dict[str, int], dict[str, str]]:
    """What a module's imports bring in: (constants by name, modules by name)."""
    values: dict[str, int] = {}
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            for alias in node.names:
                name = alias.asname or alias.name
                if alias.name in known.get(origin, ()):
                    values[name] = known[origin][alias.name]
                elif f"{origin}.{alias.name}" in known:
                    modules[name] = f"{origin}.{alias.name}"
    return values, modules


def _origin(module: str, node: ast.ImportFrom) -> str:
    """Dotted name of the module that is imported from."""
    if not node.level:
        return node.module or ""
    package = module.split(".")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _rewritten(module: str, text: str, tree: ast.Module, known: Constants, asked: Collection[str]) -> str:
    values, modules = _imported(module, tree, known)
    own = known[module]
    gone = [statement for statement in tree.body if _name_of(statement) in own and _name_of(statement) not in asked]
    data = text.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    edits = [
        *_imports(module, tree, values, data, starts),
        *_definitions(gone, data, starts),
        *_uses(_others(tree, gone), {**values, **own}, modules, known, starts),
        *_type_checking(tree, starts),
    ]
    for edit in sorted(edits, reverse=True):
        data = data[: edit.start] + edit.text.encode() + data[edit.end :]
    return data.decode()


def _place(node: ast.expr | ast.stmt, starts: list[int]) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset


def _imports(
    module: str, tree: ast.Module, values: Mapping[str, int], data: bytes, starts: list[int]
) -> Iterator[_Edit]:
    """Import statements without the constants."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        kept = [alias for alias in node.names if (alias.asname or alias.name) not in values]
        if len(kept) == len(node.names):
            continue
        start, end = _place(node, starts)
        names = ", ".join(f"{one.name} as {one.asname}" if one.asname else one.name for one in kept)
        lines = "\n" * data[start:end].count(b"\n")
        text = f"from {'.' * node.level}{node.module or ''} import ({names}{lines})" if kept else "pass" + lines
        yield _Edit(start, end, text)


def _definitions(gone: list[ast.stmt], data: bytes, starts: list[int]) -> Iterator[_Edit]:
    """Definitions of constants that nobody asks for any more."""
    for statement in gone:
        start, end = _place(statement, starts)
        yield _Edit(start, end, "pass" + "\n" * data[start:end].count(b"\n"))


def _others(tree: ast.Module, gone: list[ast.stmt]) -> list[ast.AST]:
    """Every node that is in none of the statements `gone`."""
    without = {id(node) for statement in gone for node in ast.walk(statement)}
    return [node for node in ast.walk(tree) if id(node) not in without]


def _type_checking(tree: ast.Module, starts: list[int]) -> Iterator[_Edit]:
    """What is for type checkers, or for CPython, is not compiled."""
    for statement in tree.body:
        if _name_of(statement) == _TYPE_CHECKING:
            yield _Edit(*_place(statement, starts), "pass")
    for node in ast.walk(tree):
        if not isinstance(node, ast.If):
            continue
        answer = _KNOWN_TESTS.get(ast.unparse(node.test))
        if answer:
            yield _Edit(*_place(node.test, starts), answer)


def _uses(
    nodes: list[ast.AST], values: Mapping[str, int], modules: Mapping[str, str], known: Constants, starts: list[int]
) -> Iterator[_Edit]:
    """Numbers in the place of names."""
    for node in nodes:
        if not isinstance(getattr(node, "ctx", None), ast.Load):
            continue
        value = None
        if isinstance(node, ast.Name):
            value = values.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            value = known[modules[node.value.id]].get(node.attr)
        if value is not None:
            assert isinstance(node, ast.expr)
            yield _Edit(*_place(node, starts), str(value) if value >= 0 else f"({value})")
