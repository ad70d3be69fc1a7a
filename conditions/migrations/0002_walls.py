"""Row-level security, composite keys and grants of rule-sets; a published version is only ever added."""

from __future__ import annotations

from django.db import migrations

from ailona.kit.rls import APPEND, READ, Grants, tenant_tables


class Migration(migrations.Migration):
    dependencies = [("conditions", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        tenant_tables("conditions", "RuleSet"),
        tenant_tables("conditions", "RuleSetVersion", grants=Grants(web=APPEND, engine=APPEND, ops=READ)),
    ]
