"""API fields for money and time, and serializers that refuse keys they don't know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from trading_core.money import amount, money, plain

DIGITS_MAX = 40


@extend_schema_field(OpenApiTypes.DECIMAL)
class MoneyField(serializers.Field[int, str, str, Any]):
    """Money units inside, a decimal string outside."""

    def to_internal_value(self, data: Any) -> int:
        """Read a decimal string."""
        if not isinstance(data, str) or len(data) > DIGITS_MAX:
            raise serializers.ValidationError(f'expected a decimal string such as "100.5", was {data!r:.40}')
        try:
            return money(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: int) -> str:
        """Write a decimal string."""
        return plain(amount(value))


@extend_schema_field(OpenApiTypes.DECIMAL)
class PlainField(serializers.Field[Decimal, str, str, Any]):
    """A Decimal as its digits; output only."""

    def to_representation(self, value: Decimal) -> str:
        """Write a decimal string."""
        return plain(value)


@extend_schema_field(OpenApiTypes.DATETIME)
class MsField(serializers.Field[int, str, str, Any]):
    """Milliseconds inside, UTC ISO outside; output only."""

    def to_representation(self, value: int) -> str:
        """Write an ISO time."""
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


class StrictSerializer(serializers.Serializer[Any]):
    """Input whose unknown keys are errors rather than ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Read the known keys; raises on others."""
        if isinstance(data, Mapping) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError(
                {
                    str(key): [f"is not known here; expected {', '.join(self.fields)}"]
                    for key in sorted(map(str, unknown))
                }
            )
        return super().to_internal_value(data)
