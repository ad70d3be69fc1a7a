"""The life of an order, step by step."""

import django.db.models.deletion
from django.db import migrations, models

from ailona.kit.rls import Grants, tenant_tables

# Appended by the engine and by whoever plans; ended with its order, never changed.
APPENDED = Grants(web="SELECT, INSERT, DELETE", engine="SELECT, INSERT, DELETE")


class Migration(migrations.Migration):

    dependencies = [
        ("bots", "0012_locks_across"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("step", models.CharField(max_length=24)),
                ("words", models.CharField(blank=True, max_length=200)),
                ("order", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="events", to="bots.orderrow")),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.workspace")),
            ],
            options={
                "indexes": [models.Index(fields=["order", "id"], name="event_by_order")],
            },
        ),
        tenant_tables("bots", "OrderEvent", grants=APPENDED),
    ]
