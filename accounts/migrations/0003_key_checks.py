"""Keys are checked where they are opened, entries are blocked with a reason, a Bybit user has one ready account."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_walls'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='exchangeaccount',
            options={},
        ),
        migrations.AddField(
            model_name='exchangeaccount',
            name='entry_blocks',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='exchangeaccount',
            name='key_check_wanted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='exchangeaccount',
            name='key_checked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='exchangeaccount',
            name='key_report',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddConstraint(
            model_name='exchangeaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('environment__in', ['demo', 'testnet', 'mainnet']), ('status', 'ready'), models.Q(('venue_uid', ''), _negated=True)), fields=('environment', 'venue_uid'), name='exchange_user_once'),
        ),
    ]
