"""Who: people, workspaces (the tenants) and exchange accounts with their sealed keys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models

from ailona.kit.codes import public_code
from ailona.kit.tenancy import TenantModel


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Create a person; the address is normalised."""
        user = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Create an operator."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    """A person, known by e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]


class Workspace(models.Model):
    """A tenant."""

    code = models.CharField(max_length=12, unique=True, default=public_code)
    name = models.CharField(max_length=80)
    timezone = models.CharField(max_length=40, default="UTC")
    """Its day begins at 00:00 there."""
    limits = models.JSONField(default=dict, blank=True)
    """Its rung of the risk ladder (``trading_core.engine.limits_schema``); empty: none."""
    locks = models.JSONField(default=list, blank=True)
    """The risk locks that hold for all its accounts (``trading_core.risk.locks``)."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; each includes the ones below it."""

    OWNER = "owner", "Owner"
    TRADER = "trader", "Trader"
    VIEWER = "viewer", "Viewer"


class PlatformLimits(models.Model):
    """What every account of the installation is limited to. Operators add a row; the newest holds."""

    limits = models.JSONField(default=dict, blank=True)
    """As of accounts and workspaces; measured against the figures of each account."""
    note = models.CharField(max_length=200)
    """Why it was changed."""
    at = models.DateTimeField(auto_now_add=True)
    operator = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.note}"


class PlatformHalt(models.Model):
    """What the whole installation may not do. Operators add a row; the newest holds, an empty one lifts."""

    WHATS: ClassVar = [
        ("entries", "No entries: standing ones are given up, legs, targets and stops go on"),
        ("all", "Cancel entries: legs are taken off too, targets and stops stand"),
        ("flatten", "Flatten: everything is cancelled and closed at the market"),
        ("", "Nothing: lift the halt"),
    ]
    what = models.CharField(max_length=10, choices=WHATS, blank=True)
    """``trading_core.risk.levels.What``; empty: nothing is halted."""
    reason = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    operator = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.what or 'lifted'}: {self.reason}"


class Membership(models.Model):
    """A person's place in a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OWNER)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once"),
        ]


class Environment(models.TextChoices):
    """Where an exchange account lives."""

    PAPER = "paper", "Paper"
    SIMULATOR = "simulator", "Simulator"
    DEMO = "demo", "Bybit demo"
    TESTNET = "testnet", "Bybit testnet"
    MAINNET = "mainnet", "Bybit"


class AccountStatus(models.TextChoices):
    """How far an exchange account is."""

    REQUESTED = "requested", "Being opened"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    REVOKED = "revoked", "Revoked"


class Interference(models.TextChoices):
    """What becomes of a symbol in which somebody else trades, or changes what is ours, on the account."""

    PAUSE = "pause", "Pause: no entries and no legs in the symbol until somebody resumes the account; tell me"
    ALERT = "alert", "Tell me, and go on"
    ADOPT = "adopt", "Take it over as the bot's own, and write it down"
    IGNORE = "ignore", "Go on and say nothing"


class ExchangeAccount(TenantModel):
    """An account on an exchange. A paper account is an account on the platform's own venue."""

    code = models.CharField(max_length=12, unique=True, default=public_code)
    name = models.CharField(max_length=80)
    environment = models.CharField(max_length=10, choices=Environment.choices)
    status = models.CharField(max_length=10, choices=AccountStatus.choices)
    status_reason = models.CharField(max_length=200, blank=True)
    paper_balance = models.BigIntegerField(default=0)
    """Money units a paper account starts with."""
    generation = models.PositiveIntegerField(default=1)
    """Raised by every reset: a reset paper account is a new account on the venue."""
    opened_generation = models.PositiveIntegerField(default=0)
    """The generation the venue account was opened for; the trader opens what is behind."""
    venue_uid = models.CharField(max_length=40, blank=True)
    api_key = models.CharField(max_length=64, blank=True)
    """The public half; the secret is a SealedSecret."""
    interference = models.CharField(max_length=10, choices=Interference.choices, default=Interference.PAUSE)
    wallet = models.BigIntegerField(default=0)
    """Wallet balance in money units, from our own executions and funding."""
    key_revision = models.PositiveIntegerField(default=0)
    """Raised whenever the key is replaced: whoever serves the account opens it anew."""
    key_check_wanted_at = models.DateTimeField(null=True, blank=True)
    """When a person last asked for a check of the key; done once ``key_checked_at`` is later."""
    key_checked_at = models.DateTimeField(null=True, blank=True)
    key_report = models.JSONField(default=dict, blank=True)
    """What the last check found: ``refusals`` and ``warnings``, lists of sentences."""
    entry_blocks = models.JSONField(default=list, blank=True)
    """Why no entries are taken (``accounts.entry_blocks``); empty: they are."""
    limits = models.JSONField(default=dict, blank=True)
    """Its rung of the risk ladder (``trading_core.engine.limits_schema``); empty: none."""
    locks = models.JSONField(default=list, blank=True)
    """The risk locks that hold for it and for its bots (``trading_core.risk.locks``)."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            # Across workspaces: the database sees what no tenant does.
            models.UniqueConstraint(
                fields=["environment", "venue_uid"],
                condition=models.Q(status="ready", environment__in=["demo", "testnet", "mainnet"])
                & ~models.Q(venue_uid=""),
                name="exchange_user_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SealedSecret(TenantModel):
    """The secret half of an API key. Web can write it sealed to the trader; the trader alone opens it."""

    account = models.OneToOneField(ExchangeAccount, on_delete=models.CASCADE, related_name="secret")
    form = models.CharField(max_length=10)
    """``inbound``: sealed to the trader's public key. ``envelope``: under the workspace's data key."""
    blob = models.BinaryField()
    data_key_version = models.PositiveIntegerField(default=0)


class WorkspaceKey(TenantModel):
    """A workspace's data key, wrapped by a master key version. Deleting it shreds what it sealed."""

    version = models.PositiveIntegerField()
    master_version = models.PositiveIntegerField()
    wrapped = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "version"], name="workspace_key_version"),
        ]


class AuditEvent(TenantModel):
    """Who did what: append-only, chained by hash within a workspace."""

    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "sequence"], name="audit_sequence"),
        ]


class OutboxMessage(TenantModel):
    """A side effect that leaves after commit: mail, webhook, chat."""

    channel = models.CharField(max_length=20)
    recipient = models.CharField(max_length=200)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)


class OperatorRead(models.Model):
    """An operator looked at tenants' rows: which, when, and by what address in the admin."""

    at = models.DateTimeField(auto_now_add=True)
    operator = models.CharField(max_length=254)
    model = models.CharField(max_length=80)
    path = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.operator} {self.path}"
