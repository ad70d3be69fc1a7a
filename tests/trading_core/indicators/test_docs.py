"""docs/indicators.md says what the catalog says."""

from __future__ import annotations

import re

from scripts.indicator_docs import PAGE, catalog_tables, decade, section
from tests.trading_core.indicators.oracles import TOLERANCE, recorded
from trading_core.indicators.catalog import CATALOG


def test_tables_are_current() -> None:
    assert section(PAGE.read_text(encoding="utf-8"), "catalog") == catalog_tables(), (
        "run: python -m scripts.indicator_docs"
    )


def test_recorded_deviations_are_true() -> None:
    """To a power of ten: another processor rounds otherwise."""
    rows = re.findall(
        r"^\| 10\^(-\d+) \| (.+) \|$", section(PAGE.read_text(encoding="utf-8"), "deviations"), re.MULTILINE
    )
    stated = {name: int(power) for power, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert stated.keys() == CATALOG.keys()
    for name, power in stated.items():
        assert 10.0**power <= TOLERANCE
        assert abs(decade(recorded(CATALOG[name])) - power) <= 1
