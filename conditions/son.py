"""SON as the shell knows it: the rule-set of the core, under the name people build on."""

from __future__ import annotations

from trading_core.rules.son import SON, SON_NOTE, SON_VERSION

__all__ = ["SON", "SON_NOTE", "SON_VERSION"]
