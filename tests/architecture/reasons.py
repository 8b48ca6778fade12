"""Why a door may refuse: the reasons of every `Refusal` in the code that the door's own code leads to."""

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tests.architecture.tree import Source, list_python

Definition = tuple[str, str]
"""A module and a name at its top; the name "" is a module that was imported as a whole."""


def list_reasons(syntax: ast.AST) -> Iterator[str]:
    """Yield the literal reasons that a piece of code refuses for."""
    for call in _list_refusals(syntax):
        yield from _literals(call.args[0])


def list_computed(syntax: ast.AST) -> Iterator[str]:
    """Yield the code of every reason that is no literal, and so is seen by nobody who reads the code."""
    yield from (ast.unparse(call.args[0]) for call in _list_refusals(syntax) if not list(_literals(call.args[0])))


def find_reasons(entries: Iterable[Definition]) -> dict[str, set[str]]:
    """Return the literal reasons of all definitions that `entries` lead to by name, each with where it is raised.

    A class leads to whatever any of its methods names. What is called through a protocol is not seen: name it as an
    entry too.
    """
    waiting, seen = list(entries), set[Definition]()
    found: dict[str, set[str]] = {}
    while waiting:
        definition = waiting.pop()
        if definition in seen:
            continue
        seen.add(definition)
        module, name = definition
        imported, defined = _read(module)
        if name in defined:
            for reason in list_reasons(defined[name]):
                found.setdefault(reason, set()).add(f"{module}.{name}")
            waiting += _list_named(module, defined[name])
        elif name in imported:
            waiting.append(imported[name])
    return found


def list_definitions(folder: str, *, but: Iterable[str] = ()) -> list[Definition]:
    """List everything that the modules of a folder define at their top; `but`: the modules that are left out."""
    modules = [module for module, file in _modules().items() if file.is_in(folder) and module not in but]
    return [(module, name) for module in modules for name in _read(module)[1]]


def _list_refusals(syntax: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal" and node.args:
            yield node


def _literals(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as reason):
            yield reason
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_literals(body), *_literals(orelse))


@lru_cache(maxsize=1)
def _modules() -> dict[str, Source]:
    files = list_python("gateway", "scopes")
    return {file.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in files}


@lru_cache
def _read(module: str) -> tuple[dict[str, Definition], dict[str, ast.stmt]]:
    """Return what a module imports of ours, and what it defines at its top."""
    syntax = _modules()[module].syntax
    imported: dict[str, Definition] = {}
    for node in ast.walk(syntax):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = (whole, "") if whole in _modules() else (node.module, alias.name)
                imported |= {alias.asname or alias.name: target} if target[0] in _modules() else {}
    return imported, {name: node for node in syntax.body for name in _list_names(node)}


def _list_names(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at a module's top defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
        yield from (name.id for name in names if isinstance(name.ctx, ast.Store))


def _list_named(module: str, syntax: ast.AST) -> Iterator[Definition]:
    """Yield what a definition names: in its module, imported by name, or as a part of an imported module."""
    imported, _ = _read(module)
    for node in ast.walk(syntax):
        if isinstance(node, ast.Name):
            yield module, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            whole, name = imported.get(node.value.id, ("", "?"))
            if not name:
                yield whole, node.attr
