"""Integer money: one unit is 10⁻⁸ of the settle coin, and every rounding is named."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

MONEY_SCALE = 10**8
"""Units of money in one settle coin."""

PPM = 10**6
"""Parts per million: percentages and rates enter the kernel as integers of this scale."""

_PLAIN = re.compile(r"-?\d{1,18}(\.\d{1,18})?")


def mul_div_floor(a: int, b: int, c: int) -> int:
    """Return a·b/c rounded towards minus infinity; c must be positive."""
    return (a * b) // c


def mul_div_ceil(a: int, b: int, c: int) -> int:
    """Return a·b/c rounded towards plus infinity; c must be positive."""
    return -((-a * b) // c)


def decimal_of(text: str | int | Decimal) -> Decimal:
    """Return a finite Decimal written in plain digits; raise ValueError for anything else.

    Floats are refused by type: money never passes through binary fractions.
    """
    if isinstance(text, Decimal):
        value = text
    elif isinstance(text, int) and not isinstance(text, bool):
        value = Decimal(text)
    elif isinstance(text, str) and _PLAIN.fullmatch(text):
        try:
            value = Decimal(text)
        except InvalidOperation as e:
            raise ValueError(f"expected a plain decimal number, was {text!r}") from e
    else:
        raise ValueError(f"expected a plain decimal number, was {text!r}")
    if not value.is_finite():
        raise ValueError(f"expected a finite number, was {text!r}")
    return value


def money(amount: str | int | Decimal) -> int:
    """Return an amount of settle coin in money units; raise ValueError if it has finer parts."""
    scaled = decimal_of(amount) * MONEY_SCALE
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"expected at most 8 decimals, was {amount!r}")
    return whole


def amount(units: int) -> Decimal:
    """Return money units as a Decimal amount of settle coin."""
    return Decimal(units).scaleb(-8)


def amount_text(units: int) -> str:
    """Return money units as the plain digits of their amount: ``plain(amount(units))``, many times faster."""
    whole, rest = divmod(abs(units), MONEY_SCALE)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole}.{rest:08d}".rstrip("0") if rest else f"{sign}{whole}"


def ppm_of_percent(percent: str | int | Decimal) -> int:
    """Return a percentage ("1.5") in parts per million (15000); at most 4 decimals."""
    scaled = decimal_of(percent) * 10_000
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"expected at most 4 decimals, was {percent!r}")
    return whole


def plain(value: Decimal) -> str:
    """Return the digits of a Decimal without exponent or needless zeros: what exchanges accept."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        text = "0"
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"expected at most 18 digits on each side of the point, was {value!r}")
    return text
