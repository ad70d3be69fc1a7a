"""What the house looks like from outside: borders, sizes, completeness."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import iscoroutinefunction
from io import StringIO
from pathlib import Path

import pytest
from celery import current_app
from django.core.management import call_command

from ailona.celery import ROUTES

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("ailona", "accounts", "conditions", "bots", "analytics", "trading_core")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
IN_THE_ENVIRONMENT_ANYWAY = {"HOME", "PATH"}


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_keep_to_the_borders() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_core_imports_without_the_shell() -> None:
    """Django and its friends are made impossible to import; then every module of the core is imported."""
    modules = [
        _name(path)[:-3].replace("/", ".").removesuffix(".__init__") for path in _sources("trading_core")
    ]
    code = (
        "import sys, importlib\n"
        "for name in ('django', 'rest_framework', 'celery', 'channels', 'allauth', 'redis', 'psycopg'):\n"
        "    sys.modules[name] = None\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-1000:]


@pytest.mark.django_db
def test_migrations_say_what_the_models_say() -> None:
    out = StringIO()

    call_command("makemigrations", check=True, dry_run=True, stdout=out)

    assert "No changes detected" in out.getvalue()


def test_files_stay_readable_in_one_sitting() -> None:
    sizes = {
        _name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in _sources(*PACKAGES, "tests")
    }

    assert {name: lines for name, lines in sizes.items() if lines > MAX_FILE_LINES} == {}


def test_functions_stay_readable_at_a_glance() -> None:
    long = {
        f"{_name(path)}:{node.lineno} {node.name}": _lines(node)
        for path in _sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > MAX_FUNCTION_LINES
    }

    assert long == {}


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


LATE_IMPORTS = {"trading_core/plan/jit.py"}
"""Numba: half a second and 100 MiB that only the compute process pays."""


def test_imports_stand_on_top() -> None:
    inside = [
        f"{_name(path)}:{node.lineno}"
        for path in _sources(*PACKAGES)
        if _name(path) not in LATE_IMPORTS
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert inside == []


def _registered() -> dict[str, object]:
    for app in ("accounts", "bots"):
        import_module(f"{app}.tasks")
    return {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}


def test_every_task_has_a_route_and_every_route_a_task() -> None:
    assert set(_registered()) == set(ROUTES)


def test_no_task_is_a_coroutine() -> None:
    """Celery would report success without ever running it."""
    coroutines = [
        name for name, task in _registered().items() if iscoroutinefunction(getattr(task, "run", task))
    ]

    assert coroutines == []


def test_every_variable_that_is_read_is_in_the_example() -> None:
    read = {
        name
        for path in _sources(*PACKAGES)
        for name in re.findall(
            r'env_(?:str|bool|int|float|list|choice|secret)\(\s*"([A-Z_]+)"', path.read_text()
        )
    }
    shown = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))

    assert read - IN_THE_ENVIRONMENT_ANYWAY == shown


def test_example_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()

    for name in ("SECRET_KEY", "VENUE_CONTROL_TOKEN", "TRADER_PRIVATE_KEY", "MASTER_KEYS"):
        assert re.search(rf"^{name}=$", text, flags=re.MULTILINE), name


def test_lock_file_pins_by_hash_and_names_no_server() -> None:
    text = (ROOT / "package-lock.json").read_text()

    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')
    assert "resolved" not in text
    assert "http" not in text


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-npm.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
        assert [line for line in lines if "==" not in line] == [], name
