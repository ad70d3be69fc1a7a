"""Row-level security, composite keys and grants of bots and of the market they share."""

from __future__ import annotations

from django.db import migrations

from ailona.kit.rls import shared_tables, statements, tenant_tables

# Raises `wanted` of many bots, each inside its own workspace's scope, in one round trip. It runs with
# the rights of its caller: nothing here can do what the caller could not.
WAKE = """
CREATE FUNCTION ailona_wake(workspaces bigint[], bots bigint[], close_ms bigint) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  former text := coalesce(current_setting('app.workspace', true), '');
  tenant bigint;
  raised integer;
  total integer := 0;
BEGIN
  FOR tenant IN SELECT DISTINCT w FROM unnest(workspaces) w ORDER BY w LOOP
    PERFORM set_config('app.workspace', tenant::text, true);
    UPDATE bots_bot SET wanted = close_ms, rung_at = clock_timestamp()
      WHERE workspace_id = tenant AND wanted < close_ms
        AND id IN (SELECT b FROM unnest(workspaces, bots) AS pair(w, b) WHERE w = tenant);
    GET DIAGNOSTICS raised = ROW_COUNT;
    total := total + raised;
  END LOOP;
  PERFORM set_config('app.workspace', former, true);
  RETURN total;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("bots", "0001_initial"), ("accounts", "0002_walls")]

    operations = [
        tenant_tables(
            "bots",
            "Bot", "OrderRow", "BotSymbol", "Plan", "Claim", "Outcome", "IntentRow", "ExecutionRow", "PositionRow",
            "AccountLease", "EquityPoint",
            across=["Bot", "BotSymbol", "OrderRow", "IntentRow", "PositionRow", "AccountLease", "Claim"],
        ),
        shared_tables(
            "bots", "InstrumentRow", "Series", "CandleRow", "CandleRevision", "VerdictRow", "FeedStatus"
        ),
        statements(
            forwards=[WAKE, "REVOKE ALL ON FUNCTION ailona_wake FROM PUBLIC",
                      "GRANT EXECUTE ON FUNCTION ailona_wake TO ailona_engine"],
            backwards=["DROP FUNCTION ailona_wake"],
        ),
    ]  # fmt: skip
