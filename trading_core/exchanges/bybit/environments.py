"""The addresses of Bybit's environments and of our own venue: nothing else differs between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one environment lives; stream addresses carry no path."""

    rest: str
    private_stream: str
    public_stream: str
    trade_stream: str = ""
    """Empty where orders can't be sent by socket."""


BYBIT = {
    "mainnet": Addresses("https://api.bybit.com", *["wss://stream.bybit.com"] * 3),
    "testnet": Addresses("https://api-testnet.bybit.com", *["wss://stream-testnet.bybit.com"] * 3),
    "demo": Addresses(
        "https://api-demo.bybit.com", "wss://stream-demo.bybit.com", "wss://stream.bybit.com"
    ),
}  # fmt: skip


def venue_addresses(base: str) -> Addresses:
    """Addresses of a venue at an HTTP base address: its streams are on the same host and port."""
    rest = base.rstrip("/")
    scheme, _, host = rest.partition("://")
    stream = f"{'wss' if scheme == 'https' else 'ws'}://{host}"
    return Addresses(rest, stream, stream, stream)
