"""Plays some seeds and says what none may show."""

from __future__ import annotations

from collections import Counter

from benchmarks.simulation.play import play

TOGETHER = 25
"""Seeds of one test."""


def hold(first: int) -> None:
    """Assert that nothing was doubled, lost or left without its stop in ``TOGETHER`` runs from a seed on."""
    struck: Counter[str] = Counter()
    orders = 0
    for seed in range(first, first + TOGETHER):
        report = play(seed)
        assert not report.violations, f"seed {seed}: {report.violations}"
        assert report.bare_s == 0.0
        struck += Counter(report.faults)
        orders += report.orders
    # A run in which nothing goes wrong, or nothing is traded, shows nothing.
    assert sum(struck.values()) > 10 * TOGETHER
    assert orders > 3 * TOGETHER
