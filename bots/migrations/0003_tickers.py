"""Tickers beside the candles: shared by all tenants, written by the feed."""

import django.db.models.deletion
from django.db import migrations, models

from ailona.kit.rls import Grants, shared_tables

# A row is what was known at its close: nobody may change one.
WRITTEN_ONCE = Grants(web="SELECT", engine="SELECT, INSERT, DELETE")


class Migration(migrations.Migration):

    dependencies = [
        ('bots', '0002_walls'),
    ]

    operations = [
        migrations.CreateModel(
            name='TickerRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('time_ms', models.BigIntegerField()),
                ('funding_rate', models.FloatField(null=True)),
                ('mark', models.FloatField(null=True)),
                ('spread', models.FloatField(null=True)),
                ('series', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='bots.series')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('series', 'time_ms'), name='ticker_identity')],
            },
        ),
        shared_tables("bots", "TickerRow", grants=WRITTEN_ONCE),
    ]
