"""How pages write numbers, times and icons."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ailona.kit import clock
from trading_core.money import amount

register = template.Library()

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def grouped(value: Decimal, places: int) -> str:
    """Digits with thousands separators and a real minus sign."""
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,f}"
    if not any(c in "123456789" for c in text):
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def tone_of(value: int | Decimal) -> str:
    """The class of a gain, a loss, or neither."""
    return "gain" if value > 0 else "loss" if value < 0 else "even"


register.filter("tone", tone_of)


def signed(value: Decimal, places: int) -> str:
    """Digits that always carry their sign."""
    text = grouped(value, places)
    return f"+{text}" if value > 0 and text[0] != MINUS else text


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; decoration only, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("img/icons.svg"), name
    )


@register.filter
def money(units: int | None, places: int = 2) -> str:
    """Money units as an amount of settle coin."""
    return NOTHING if units is None else grouped(amount(units), places)


@register.filter
def coin(text: str, places: int = 2) -> str:
    """An amount written as digits, rounded for reading."""
    return grouped(Decimal(text), places)


def change(units: int) -> str:
    """Money units with their sign."""
    return signed(amount(units), 2)


@register.filter
def pnl(units: int | None) -> SafeString | str:
    """Money units as a gain or loss: sign, arrow (by class) and colour."""
    if units is None:
        return NOTHING
    return format_html('<span class="{}">{}</span>', tone_of(units), change(units))


@register.filter
def count(number: int) -> str:
    """A whole number with thousands separators."""
    return f"{number:,}"


@register.filter
def price(value: Decimal | None) -> str:
    """A price with the decimals it came with."""
    if value is None:
        return NOTHING
    exponent = value.as_tuple().exponent
    return grouped(value, -exponent if isinstance(exponent, int) and exponent < 0 else 0)


@register.filter
def percent(value: Decimal | None) -> str:
    """A percentage, signed."""
    return NOTHING if value is None else f"{signed(value, 2)}%"


@register.filter
def utc(ms: int | None) -> str:
    """Milliseconds as a UTC date and time."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S}" if ms else NOTHING


@register.filter
def hour(ms: int | None) -> str:
    """Milliseconds as a UTC time of day, with the day where it is not the last one."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%b %d, %H:%M}" if ms else NOTHING


@register.filter(name="clock")
def time_of_day(ms: int | None) -> str:
    """Milliseconds as hours and minutes, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M}" if ms else NOTHING


@register.filter
def iso(ms: int | None) -> str:
    """Milliseconds for the ``datetime`` attribute of ``<time>``."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}" if ms else ""


@register.filter
def ago(at: datetime | None) -> str:
    """How long ago, in its largest unit."""
    if at is None:
        return "never"
    seconds = max(0, int((clock.now() - at).total_seconds()))
    for length, name in _AGES:
        if seconds >= length:
            return f"{seconds // length} {name} ago"
    return "now"
