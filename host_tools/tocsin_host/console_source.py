"""A file of ours as a service console gets it: without comments, docstrings and annotations, which cost its heap.

Role in the flow: beside stage 8. Context: host. A board takes it byte by byte beside its own tasks, and compiles it in
the heap that is left.
"""

from __future__ import annotations

import ast
from pathlib import Path


def console_source(path: Path) -> bytes:
    """The same program, shorter. Raises: OSError."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    tree.body = [node for node in tree.body if not _is_for_types(node)]
    return ast.unparse(tree).encode()


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
