"""Makes the key pair that secrets are sealed with."""

from __future__ import annotations

import base64
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Print a new trader key pair and a master key, as lines for the environment."""

    help = "Print a new trader key pair and a master key. Web gets the first line, the trader all three."
    requires_system_checks: list[str] = []  # it mends what the checks complain about

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the lines."""
        private = X25519PrivateKey.generate()
        for name, raw in (
            ("TRADER_PUBLIC_KEY", private.public_key().public_bytes_raw()),
            ("TRADER_PRIVATE_KEY", private.private_bytes_raw()),
        ):
            self.stdout.write(f"{name}={base64.b64encode(raw).decode()}")
        self.stdout.write(f"MASTER_KEYS=1:{base64.b64encode(os.urandom(32)).decode()}")
