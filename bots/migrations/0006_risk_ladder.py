"""The risk ladder: equity of day and peak, locks, and what each claim may come to."""

import ailona.kit.codes
import django.db.models.deletion
from django.db import migrations, models

from ailona.kit.rls import tenant_tables


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_risk_limits'),
        ('bots', '0005_generations_and_heads'),
    ]

    operations = [
        migrations.AddField(
            model_name='claim',
            name='exposure',
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name='EquityMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(default=1)),
                ('day_ms', models.BigIntegerField()),
                ('day_start', models.BigIntegerField()),
                ('peak', models.BigIntegerField()),
                ('peak_ms', models.BigIntegerField()),
                ('equity', models.BigIntegerField()),
                ('equity_ms', models.BigIntegerField()),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='equity_mark', to='accounts.exchangeaccount')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='RiskLock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=ailona.kit.codes.public_code, max_length=12, unique=True)),
                ('where', models.CharField(max_length=10)),
                ('environment', models.CharField(blank=True, max_length=10)),
                ('symbol', models.CharField(blank=True, max_length=30)),
                ('what', models.CharField(max_length=10)),
                ('cause', models.CharField(max_length=10)),
                ('reason', models.CharField(max_length=200)),
                ('since_ms', models.BigIntegerField()),
                ('until_ms', models.BigIntegerField(null=True)),
                ('set_by', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(null=True)),
                ('lifted_by', models.CharField(blank=True, max_length=120)),
                ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='risk_locks', to='accounts.exchangeaccount')),
                ('bot', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='risk_locks', to='bots.bot')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('lifted_at', None)), fields=['workspace', 'account'], name='risk_lock_open')],
            },
        ),
        tenant_tables("bots", "EquityMark", "RiskLock"),
    ]
