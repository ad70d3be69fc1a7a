"""The operators' kill switch of the whole installation."""

from django.db import migrations, models

from ailona.kit.rls import APPEND, READ, Grants, shared_tables


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0005_risk_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlatformHalt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(blank=True, choices=[("entries", "No entries: standing ones are given up, legs, targets and stops go on"), ("all", "Cancel entries: legs are taken off too, targets and stops stand"), ("flatten", "Flatten: everything is cancelled and closed at the market"), ("", "Nothing: lift the halt")], max_length=10)),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("operator", models.CharField(blank=True, max_length=254)),
            ],
        ),
        # A command of the engine's host halts too; nobody changes what was halted once.
        shared_tables("accounts", "PlatformHalt", grants=Grants(web=APPEND, engine=APPEND, ops=READ)),
    ]
