from __future__ import annotations

import subprocess
import sys


def test_kernel_functions_are_plain_python_and_nobody_imports_numba() -> None:
    program = """
import sys
from trading_core.backtest import run
from trading_core.plan import kernel
assert kernel.target_ticks(10**30, 3, 15_000, 1) == -(-10**30 * 1_015_000 // 3_000_000)
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
