"""Equity knows its account's generation, a bot the newest pages of its journal; verdicts are found by close."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bots', '0004_journal'),
    ]

    operations = [
        migrations.AddField(
            model_name='bot',
            name='journal_heads',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='equitypoint',
            name='generation',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddIndex(
            model_name='verdictrow',
            index=models.Index(fields=['close_ms'], name='verdict_close'),
        ),
    ]
