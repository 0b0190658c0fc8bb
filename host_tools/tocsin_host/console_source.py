"""A file of ours as a service console gets it: without comments, docstrings and annotations, which cost its heap.

Role in the flow: beside stage 8. Context: host. It goes there in pieces: a board with many zones has little heap
that hangs together, and takes what is typed byte by byte.
"""

from __future__ import annotations

import ast
from pathlib import Path

# Statements that are shorter go together.
_PIECE_BYTES = 512


def console_pieces(path: Path) -> list[bytes]:
    """The same program, shorter, as pieces to be run one after the other. Raises: OSError."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    pieces = [b""]
    for node in tree.body:
        text = b"" if _is_for_types(node) else ast.unparse(node).encode() + b"\n"
        if pieces[-1] and len(pieces[-1]) + len(text) > _PIECE_BYTES:
            pieces.append(b"")
        pieces[-1] += text
    return pieces


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
