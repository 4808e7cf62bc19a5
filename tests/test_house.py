"""The rules of the house that no tool checks: sizes, names, borders between modules."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("geo", "tiles", "models", "leads", "api")
FOLDERS = (*PACKAGES, "tests", "notebooks", "data_samples")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
VAGUE_NAMES = ("Manager", "Service", "Factory", "Helper", "Utils")
HEAVY = ("torch", "torchvision", "ray", "sentinelhub", "matplotlib")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(
        path.relative_to(ROOT).as_posix() for path in found if "node_modules" not in path.parts
    )


def tree_of(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"))


def functions(source: str) -> list[Function]:
    return [node for node in ast.walk(tree_of(source)) if isinstance(node, Function)]


def private_names_from_elsewhere(source: str) -> list[str]:
    imports = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.ImportFrom)]
    return [
        f"{node.module}.{alias.name}"
        for node in imports
        if (node.module or "").split(".")[0] in PACKAGES
        for alias in node.names
        if alias.name.startswith("_")
    ]


def defined_names(source: str) -> set[str]:
    tree = tree_of(source)
    definitions = Function | ast.ClassDef
    names = {node.name for node in ast.walk(tree) if isinstance(node, definitions)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_holds_one_idea(folder: str) -> None:
    lines = {s: len((ROOT / s).read_text(encoding="utf-8").splitlines()) for s in sources(folder)}
    assert {s: n for s, n in lines.items() if n > MAX_FILE_LINES} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_function_does_one_thing(folder: str) -> None:
    lines = {
        f"{source}:{f.lineno} {f.name}": (f.end_lineno or f.lineno) - f.lineno + 1
        for source in sources(folder)
        for f in functions(source)
    }
    assert {name: n for name, n in lines.items() if n > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_private_names_stay_in_their_module(package: str) -> None:
    taken = {source: private_names_from_elsewhere(source) for source in sources(package)}
    assert {source: names for source, names in taken.items() if names} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_is_named_for_what_it_is(package: str) -> None:
    classes = {
        f"{source}: {node.name}"
        for source in sources(package)
        for node in ast.walk(tree_of(source))
        if isinstance(node, ast.ClassDef) and node.name.endswith(VAGUE_NAMES)
    }
    assert classes == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_lead_is_a_suspicion_in_every_name(package: str) -> None:
    verdicts = {
        f"{source}: {name}"
        for source in sources(package)
        for name in defined_names(source)
        if "illegal" in name.lower()
    }
    assert verdicts == set()


def is_placed(module: str, text: str) -> bool:
    """Whether `text` names the module, or a folder below its package that holds it."""
    folders = [f"{parent}/" for parent in Path(module).parents if len(parent.parts) > 1]
    return any(
        re.search(rf"(?<![\w/]){re.escape(name)}(?!\w)", text) for name in [module, *folders]
    )


def test_architecture_places_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    modules = [source for source in sources(*PACKAGES) if not source.endswith("__init__.py")]
    assert [module for module in modules if not is_placed(module, text)] == []


def test_imports_run_in_one_direction() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603  (our own tool, no input from outside)
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_command_line_starts_light() -> None:
    code = f"import sys, api.cli.main; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
