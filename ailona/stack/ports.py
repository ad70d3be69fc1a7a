"""Finds loopback addresses that are free."""

from __future__ import annotations

import socket

DEFAULT_LISTEN = ("127.0.0.1", 8000)
TRIES = 20


class AddressTaken(Exception):
    """The address that was asked for is in use; the message says what to do."""


def is_free(host: str, port: int) -> bool:
    """Say whether a server could listen there now."""
    try:
        listen(host, port).close()
    except OSError:
        return False
    return True


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; raises ``OSError`` when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
    except OSError:
        server.close()
        raise
    return server


def free_port(host: str = "127.0.0.1", *, preferred: int = 0) -> int:
    """Return the preferred port if it is free, any free one otherwise."""
    if preferred and is_free(host, preferred):
        return preferred
    with listen(host, 0) as server:
        return int(server.getsockname()[1])


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port`` or ``[::1]:port``; raises ``ValueError``."""
    host, mark, port = text.rpartition(":")
    if not mark or not port.isdigit() or not host:
        raise ValueError(f"LISTEN: expected host:port, was {text!r}")
    return host.strip("[]"), int(port)


def listen_for_pages(wanted: str) -> socket.socket:
    """Return a socket for the web server: the address asked for, else the first free one from 8000 on."""
    host, port = parse_address(wanted) if wanted else DEFAULT_LISTEN
    for candidate in range(port, port + 1 if wanted else port + TRIES):
        try:
            return listen(host, candidate)
        except OSError:
            continue
    raise AddressTaken(f"{host}:{port} is in use. Choose another address: LISTEN=127.0.0.1:8080 make run")
