"""What several races count and check."""

from sqlalchemy import func, select

from gateway.records.families.tables import access_tokens, families, refresh_tokens
from tests.protocol.wire import Reply, Wire

AT_ONCE = 8


async def count_rows(wire: Wire) -> dict[str, int]:
    """Count access tokens, refresh tokens and living families."""
    async with wire.house.storage.read() as connection:
        tables = {"access": select(func.count()).select_from(access_tokens)}
        tables["refresh"] = select(func.count()).select_from(refresh_tokens)
        tables["families"] = select(func.count()).select_from(families).where(families.c.ended_at.is_(None))
        return {name: int((await connection.execute(query)).scalar_one()) for name, query in tables.items()}


def check_one_winner(replies: list[Reply]) -> dict[str, str]:
    """Return the one answer with tokens; every other reply must be `invalid_grant`."""
    won = [reply for reply in replies if reply.status == 200]
    assert len(won) == 1
    assert {reply.error for reply in replies if reply is not won[0]} == {(400, "invalid_grant")}
    return won[0].json
