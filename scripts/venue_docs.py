"""Write what the venue serves, its faults and its options into docs/venue.md."""

from __future__ import annotations

import argparse
import inspect
import re
from functools import cache
from pathlib import Path

from pybit.unified_trading import HTTP

from trading_core.venue.__main__ import add_arguments
from trading_core.venue.faults.control import FAMILIES
from trading_core.venue.rest.routes import PRIVATE, PUBLIC
from trading_core.venue.streams.private import SILENT_TOPICS, TOPICS
from trading_core.venue.streams.trade import OPERATIONS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "venue.md"
TESTS = ROOT / "tests" / "venue"

Row = tuple[str, ...]


def main() -> int:
    """Put the tables between their marks; all else on the page is written by hand."""
    page = PAGE.read_text(encoding="utf-8")
    for name, table in tables().items():
        before, _, rest = page.partition(f"<!-- {name} -->\n")
        page = f"{before}<!-- {name} -->\n{table}<!-- end{rest.partition('<!-- end')[2]}"
    PAGE.write_text(page, encoding="utf-8")
    return 0


def tables() -> dict[str, str]:
    """Each table by the name of its mark."""
    return {
        "endpoints": _table(("method", "path", "limit/s", "tests"), endpoints()),
        "private topics": _table(("topic", "told"), topics()),
        "operations": _table(
            ("op", "as"), [(f"`{op}`", f"`{path}`") for op, (_, path) in OPERATIONS.items()]
        ),
        "faults": _table(("family", "kind", "parameters and defaults"), faults()),
        "options": _table(("option", "default", ""), options()),
    }


def section(page: str, name: str) -> str:
    """A table as it stands on the page."""
    return page.partition(f"<!-- {name} -->\n")[2].partition("<!-- end")[0]


def _table(heads: Row, rows: list[Row]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def endpoints() -> list[Row]:
    """Every REST route with its limit and the test modules that call it by path or by pybit's method."""
    limits = dict.fromkeys(PUBLIC, "address") | {route: str(limit) for route, (_, limit) in PRIVATE.items()}
    return [
        (method, f"`{path}`", limit, ", ".join(callers_of(path))) for (method, path), limit in limits.items()
    ]


def callers_of(path: str) -> list[str]:
    """The test modules, beside the fuzz, that call a path."""
    names = [re.escape(path.removeprefix("/v5/")) + r"\b(?!-)"]
    names += [rf"\b{name}\b" for name in _pybit_methods().get(path, [])]
    pattern = re.compile("|".join(names))
    found = (file for file in sorted(TESTS.glob("test_*.py")) if "fuzz" not in file.stem)
    return [f.stem.removeprefix("test_") for f in found if pattern.search(f.read_text(encoding="utf-8"))]


@cache
def _pybit_methods() -> dict[str, list[str]]:
    """Methods of pybit by path."""
    methods: dict[str, list[str]] = {}
    for name, method in inspect.getmembers(HTTP, inspect.isfunction):
        if name.startswith("_"):
            continue
        constant = re.search(r"\{self\.endpoint\}\{(\w+)\.(\w+)\}", inspect.getsource(method))
        if constant is None:
            continue
        path = getattr(method.__globals__[constant[1]], constant[2])
        methods.setdefault(str(path), []).append(name)
    return methods


def topics() -> list[Row]:
    """Every private topic, and whether anything is ever told on it."""
    told: list[Row] = [(f"`{topic}`", "yes") for topic in sorted(TOPICS)]
    return told + [(f"`{topic}`", "accepted, silent") for topic in sorted(SILENT_TOPICS)]


def faults() -> list[Row]:
    """Every kind of fault with its parameters."""
    return [
        (
            family.__name__.rpartition(".")[2],
            f"`{kind}`",
            ", ".join(f"`{n}` {v!r}" for n, v in params.items()),
        )
        for family in FAMILIES
        for kind, params in family.KINDS.items()
    ]


def options() -> list[Row]:
    """The options of ``python -m trading_core.venue``."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    return [
        (f"`{action.option_strings[0]}`", "" if action.default in (None, []) else str(action.default),
         _help(action))
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to list them
    ]  # fmt: skip


def _help(action: argparse.Action) -> str:
    choices = " or ".join(map(str, action.choices)) if action.choices else ""
    return "; ".join(part for part in (choices, action.help or "") if part)


if __name__ == "__main__":
    raise SystemExit(main())
