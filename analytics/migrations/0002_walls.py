"""Row-level security, composite keys and grants of backtests."""

from __future__ import annotations

from django.db import migrations

from ailona.kit.rls import tenant_tables


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial"), ("accounts", "0002_walls"), ("bots", "0002_walls")]

    operations = [
        tenant_tables("analytics", "BacktestResult", "BacktestPart", "BacktestRun", across=["BacktestRun"]),
    ]
