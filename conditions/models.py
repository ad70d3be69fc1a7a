"""Rule documents: drafts that change, and versions that never do."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from ailona.kit.codes import public_code
from ailona.kit.tenancy import TenantModel


class VersionIsFinal(TypeError):
    """A published version was about to be changed: always a fault of ours."""


class RuleSet(TenantModel):
    """A tenant's rule-set: a name, and the draft that is being worked on."""

    code = models.CharField(max_length=12, unique=True, default=public_code)
    name = models.CharField(max_length=80)
    draft = models.JSONField()
    """The document, or the layer over SON, as last saved; it need not be valid."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    """Out of the way since then; versions stay, and bots that pin one go on."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_layer(self) -> bool:
        """Whether the draft says only how it differs from SON."""
        return "extends" in self.draft


class RuleSetVersion(TenantModel):
    """A published rule-set: canonical and immutable; bots pin one."""

    rule_set = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="versions")
    code = models.CharField(max_length=12, unique=True, default=public_code)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    """The canonical document (``trading_core.rules.model.RuleSet.canonical``)."""
    rules_hash = models.CharField(max_length=64)
    schema = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    source = models.JSONField(null=True, blank=True)
    """The layer this was made from; None for rules that stand by themselves."""
    base_version = models.PositiveIntegerField(null=True, blank=True)
    """SON's number when it was layered under these."""
    base_hash = models.CharField(max_length=64, blank=True)
    """SON's hash then; a later SON has another one."""
    origins = models.JSONField(null=True, blank=True)
    """Of a layer: for each condition whether it is SON's, the layer's own, or in place of SON's."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule_set", "number"], name="rule_set_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_set} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; a version that is already stored raises ``VersionIsFinal``."""
        if not self._state.adding:
            raise VersionIsFinal(f"version {self.code} is published and can't change")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: decisions refer to their version for ever."""
        raise VersionIsFinal(f"version {self.code} is published and can't be deleted")
