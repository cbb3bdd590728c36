"""The rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from checkout import ROOT, files
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = files()
CODE = [file for file in FILES if file.suffix == ".py"]
SOURCES = [file for file in CODE if ROOT / "src" in file.parents]
TESTS = [file for file in CODE if file.name.startswith("test_")]
OURS = {"warren"}


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_modules_are_short() -> None:
    """A module has at most 250 lines; a file of tests is a list and may be longer."""
    long = {name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in CODE}
    assert {file: count for file, count in long.items() if count > 250 and not file.startswith("tests/")} == {}


def test_functions_are_short() -> None:
    """A function has at most 30 lines besides its docstring."""
    long = [f"{name(file)} {one.name}: {lines(one)}" for file in CODE for one in functions(file) if lines(one) > 30]
    assert long == []


def test_each_test_says_what_it_proves() -> None:
    """Every test function has a docstring."""
    tests = [(file, one) for file in TESTS for one in functions(file) if one.name.startswith("test_")]
    assert [f"{name(file)} {one.name}" for file, one in tests if not ast.get_docstring(one)] == []


def imported(file: Path) -> set[str]:
    """The top-level names that a module imports, but for the standard library's and ours."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {one.partition(".")[0] for one in found} - sys.stdlib_module_names - OURS


def test_imports_are_declared() -> None:
    """Whatever the package imports is a dependency in pyproject.toml, not something that happens to be there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {canonicalize_name(Requirement(one).name) for one in project["dependencies"]}
    providers = packages_distributions()
    used = {
        one: {canonicalize_name(each) for each in providers.get(one, [])} for file in SOURCES for one in imported(file)
    }
    assert {one for one, names in used.items() if not names & declared} == set()


HOSTS = (  # written so that this file names none either
    r"p[y]pi\.org|p[y]thonhosted\.org|deb\.d[e]bian\.org|archive\.u[b]untu|"
    r"n[p]mjs\.(org|com)|a[n]aconda\.org|d[o]cker\.io"
)


def test_no_registry_is_named() -> None:
    """No file names a package registry's host: whatever the machine is configured for is used."""
    texts = [file for file in FILES if file.suffix not in (".png", ".txt")]
    assert [name(file) for file in texts if re.search(HOSTS, file.read_text(encoding="utf-8"))] == []
