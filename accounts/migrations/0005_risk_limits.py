"""The risk ladder's limits and locks of accounts and workspaces, and the platform's limits."""

from django.db import migrations, models

from ailona.kit.rls import READ, Grants, shared_tables, statements

# A loss of the whole workspace is locked by the engine, which may change nothing else of it.
ENGINE_LOCKS = "GRANT UPDATE (locks) ON accounts_workspace TO ailona_engine"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_key_revision'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlatformLimits',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limits', models.JSONField(blank=True, default=dict)),
                ('note', models.CharField(max_length=200)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('operator', models.CharField(blank=True, max_length=254)),
            ],
        ),
        migrations.AddField(
            model_name='exchangeaccount',
            name='limits',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='exchangeaccount',
            name='locks',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='workspace',
            name='limits',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='workspace',
            name='locks',
            field=models.JSONField(blank=True, default=list),
        ),
        shared_tables(
            "accounts", "PlatformLimits", grants=Grants(web="SELECT, INSERT", engine=READ, ops=READ)
        ),
        statements(
            forwards=[ENGINE_LOCKS],
            backwards=["REVOKE UPDATE (locks) ON accounts_workspace FROM ailona_engine"],
        ),
    ]
