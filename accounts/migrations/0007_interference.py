"""What becomes of a symbol in which somebody else trades."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_platform_halt"),
    ]

    operations = [
        migrations.AddField(
            model_name="exchangeaccount",
            name="interference",
            field=models.CharField(
                choices=[
                    ("pause", "Pause: no entries and no legs in the symbol until somebody resumes the account; tell me"),
                    ("alert", "Tell me, and go on"),
                    ("adopt", "Take it over as the bot's own, and write it down"),
                    ("ignore", "Go on and say nothing"),
                ],
                default="pause",
                max_length=10,
            ),
        ),
    ]
