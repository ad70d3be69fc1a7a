"""The journal at rest, retired documents and studies, behind the wall."""

import ailona.kit.codes
import django.db.models.deletion
from django.db import migrations, models

from ailona.kit.rls import Grants, tenant_tables

# A page is written once: nobody may change one.
WRITTEN_ONCE = Grants(web="SELECT, DELETE", engine="SELECT, INSERT, DELETE")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_walls'),
        ('bots', '0003_tickers'),
    ]

    operations = [
        migrations.AddField(
            model_name='bot',
            name='pack_at',
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name='DecisionPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('symbol', models.CharField(max_length=30)),
                ('first_close_ms', models.BigIntegerField()),
                ('last_close_ms', models.BigIntegerField()),
                ('counts', models.JSONField()),
                ('blob', models.BinaryField()),
                ('digest', models.BinaryField(max_length=32)),
                ('bot', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pages', to='bots.bot')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('bot', 'symbol', 'first_close_ms'), name='page_once')],
            },
        ),
        migrations.CreateModel(
            name='RetiredDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until_ms', models.BigIntegerField()),
                ('document', models.JSONField()),
                ('bot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='retired', to='bots.bot')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('bot', 'until_ms'), name='retired_once')],
            },
        ),
        migrations.CreateModel(
            name='Study',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(default=ailona.kit.codes.public_code, max_length=12, unique=True)),
                ('change', models.JSONField()),
                ('days', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
                ('progress', models.PositiveSmallIntegerField(default=0)),
                ('result', models.JSONField(null=True)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('touched_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('bot', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='studies', to='bots.bot')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.workspace')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['touched_at'], name='study_unfinished')],
            },
        ),
        tenant_tables("bots", "DecisionPage", grants=WRITTEN_ONCE),
        tenant_tables("bots", "RetiredDocument"),
        tenant_tables("bots", "Study", across=["Study"]),
    ]
