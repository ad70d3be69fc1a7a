"""What becomes of positions and orders when a bot is stopped."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("bots", "0013_order_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="bot",
            name="stop_mode",
            field=models.CharField(
                blank=True,
                choices=[
                    ("cancel", "Keep positions with stop and targets; cancel entries and legs"),
                    ("leave", "Leave positions and everything that stands, legs too"),
                    ("close_limit", "Close by limit orders at the last price, at the market what is left after 5 minutes"),
                    ("close", "Close at the market"),
                ],
                max_length=12,
            ),
        ),
    ]
