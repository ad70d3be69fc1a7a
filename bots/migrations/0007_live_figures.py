"""Live figures by minute and day, and cash flows, behind the wall."""

import django.db.models.deletion
from django.db import migrations, models

from ailona.kit.rls import tenant_tables


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_risk_limits'),
        ('bots', '0006_risk_ladder'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(default=1)),
                ('day', models.DateField()),
                ('start', models.BigIntegerField()),
                ('low', models.BigIntegerField()),
                ('high', models.BigIntegerField()),
                ('end', models.BigIntegerField()),
                ('paid_before', models.BigIntegerField(default=0)),
                ('paid_in', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='AccountMinute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(default=1)),
                ('minute_ms', models.BigIntegerField()),
                ('wallet', models.BigIntegerField()),
                ('unrealised', models.BigIntegerField()),
                ('paid_in', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='BotDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('realised', models.BigIntegerField(default=0)),
                ('fees', models.BigIntegerField(default=0)),
                ('funding', models.BigIntegerField(default=0)),
                ('closes', models.PositiveIntegerField(default=0)),
                ('unrealised', models.BigIntegerField(default=0)),
                ('settled_before', models.BigIntegerField(default=0)),
                ('unrealised_before', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='BotMinute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minute_ms', models.BigIntegerField()),
                ('settled', models.BigIntegerField()),
                ('unrealised', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='CashFlow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flow_id', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=40)),
                ('amount', models.BigIntegerField()),
                ('time_ms', models.BigIntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name='executionrow',
            index=models.Index(fields=['workspace', 'time_ms'], name='execution_by_time'),
        ),
        migrations.AddField(
            model_name='accountday',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='days', to='accounts.exchangeaccount'),
        ),
        migrations.AddField(
            model_name='accountday',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='accountminute',
            name='account',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='minutes', to='accounts.exchangeaccount'),
        ),
        migrations.AddField(
            model_name='accountminute',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='botday',
            name='bot',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='days', to='bots.bot'),
        ),
        migrations.AddField(
            model_name='botday',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='botminute',
            name='bot',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='minutes', to='bots.bot'),
        ),
        migrations.AddField(
            model_name='botminute',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='cashflow',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='flows', to='accounts.exchangeaccount'),
        ),
        migrations.AddField(
            model_name='cashflow',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace'),
        ),
        migrations.AddConstraint(
            model_name='accountday',
            constraint=models.UniqueConstraint(fields=('account', 'generation', 'day'), name='account_day_once'),
        ),
        migrations.AddConstraint(
            model_name='accountminute',
            constraint=models.UniqueConstraint(fields=('account', 'minute_ms'), name='account_minute_once'),
        ),
        migrations.AddConstraint(
            model_name='botday',
            constraint=models.UniqueConstraint(fields=('bot', 'day'), name='bot_day_once'),
        ),
        migrations.AddConstraint(
            model_name='botminute',
            constraint=models.UniqueConstraint(fields=('bot', 'minute_ms'), name='bot_minute_once'),
        ),
        migrations.AddConstraint(
            model_name='cashflow',
            constraint=models.UniqueConstraint(fields=('account', 'flow_id'), name='cash_flow_once'),
        ),
        tenant_tables("bots", "CashFlow", "AccountMinute", "BotMinute", "AccountDay", "BotDay"),
    ]
