"""How large a rule-set may be."""

from __future__ import annotations

MAX_BYTES = 32_768
MAX_WORDS = 4_096
"""Words and signs of a text form; the largest rule-set has fewer."""
MAX_DEPTH = 8
"""Levels from a tree's root to the innermost operand."""
MAX_NODES = 64
"""Nodes and conditions of a rule-set."""
MAX_OPERANDS = 128
MAX_TAGS = 4
"""Tags of a node."""
MAX_DIFFERENT_TAGS = 16
"""Tags of a rule-set."""
MAX_EXPIRES = 10
"""Candles an entry signal may live."""
MAX_TREND = 50
"""Candles a value may be asked to rise or fall in a row."""
MAX_LOOKBACK = 500
"""Candles that an offset, a count or a change may reach back, and closes of a whole tree."""
MAX_TIMEFRAMES = 4
"""Timeframes named beside the bot's own."""
MAX_SYMBOLS = 8
"""Symbols named beside the bot's own."""
MAX_NUMBER = 1e9
MAX_MINUTES = 1_000_000
"""Minutes of candles one value may need: close to two years."""
MAX_COST = 5_000_000
"""Steps a rule-set may take at a close (``cost``): 50 ms with nothing kept from the close before."""
