"""A trader looks for locks in every workspace, so that a halt needs nobody else."""

from django.db import migrations

from ailona.kit.rls import across_policies, drop_policy, statements

TABLE = "bots_risklock"


class Migration(migrations.Migration):

    dependencies = [
        ("bots", "0008_follows_the_market"),
    ]

    operations = [
        statements(
            forwards=[drop_policy(TABLE, f"{TABLE}_across"), *across_policies(TABLE, engine=True)],
            backwards=[drop_policy(TABLE, f"{TABLE}_across"), *across_policies(TABLE, engine=False)],
        ),
    ]
