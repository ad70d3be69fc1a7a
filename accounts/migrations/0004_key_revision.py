"""A key can be replaced: its revision tells whoever serves the account."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_key_checks'),
    ]

    operations = [
        migrations.AddField(
            model_name='exchangeaccount',
            name='key_revision',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
