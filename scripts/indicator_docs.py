"""Write the catalog's tables and the deviations from the oracles into docs/indicators.md."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from tests.trading_core.indicators.oracles import TOLERANCE, recorded
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Family, Indicator, Param

PAGE = Path(__file__).resolve().parent.parent / "docs" / "indicators.md"


def main() -> int:
    """Put the tables between their marks; all else on the page is written by hand."""
    page = PAGE.read_text(encoding="utf-8")
    for name, table in (("catalog", catalog_tables()), ("deviations", deviation_table())):
        page = replaced(page, name, table)
    PAGE.write_text(page, encoding="utf-8")
    return 0


def replaced(page: str, name: str, table: str) -> str:
    """The page with a section's text replaced."""
    before, _, rest = page.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    return f"{before}<!-- {name} -->\n{table}{end}{after}"


def section(page: str, name: str) -> str:
    """A section's text."""
    return page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- end of {name} -->")[0]


def catalog_tables() -> str:
    """A table per family: what each indicator declares."""
    parts = []
    for family in Family:
        members = [each for each in CATALOG.values() if each.family == family]
        parts.append(
            f"### {family.value.capitalize()}: {len(members)}\n\n" + _table(HEADS, map(_row, members))
        )
    return f"{len(CATALOG)} indicators.\n\n" + "\n".join(parts)


HEADS = ("name", "inputs", "parameters", "outputs", "warm-up", "memory", "convention", "source")


def _row(indicator: Indicator) -> tuple[str, ...]:
    defaults = indicator.defaults()
    memory = "none" if indicator.memory is None else str(indicator.memory(defaults))
    return (
        f"`{indicator.name}` {indicator.label}",
        ", ".join(indicator.inputs),
        ", ".join(_parameter(name, param) for name, param in indicator.params.items()) or "none",
        ", ".join(indicator.outputs),
        str(indicator.warmup(defaults)),
        memory,
        indicator.convention,
        indicator.reference,
    )


def _parameter(name: str, param: Param) -> str:
    return f"{name} {param.default:g} ({param.low:g} to {param.high:g})"


def deviation_table() -> str:
    """Every indicator's worst deviation from its oracle, rounded up to a power of ten, worst first."""
    found = sorted(((decade(recorded(each)), name) for name, each in CATALOG.items()), reverse=True)
    by_decade: dict[int, list[str]] = {}
    for power, name in found:
        by_decade.setdefault(power, []).append(f"`{name}`")
    rows = ((f"10^{power}", ", ".join(sorted(names))) for power, names in by_decade.items())
    return f"Tolerance of the tests: {TOLERANCE:g}.\n\n" + _table(("at most", "indicators"), rows)


def decade(deviation: float) -> int:
    """The smallest power of ten that is no less than the deviation; rounding itself counts as 10^-15."""
    return max(-15, math.ceil(math.log10(deviation))) if deviation else -15


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
