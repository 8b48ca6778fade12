"""What passes through stays nowhere: after a run the gateway's files hold no message, password or token (I6, I8)."""

from tests.platforms.synapse.desk import MATRIX_PASSWORD, OWNER_PASSWORD, Desk


async def test_no_message_password_or_token_is_at_rest(desk: Desk) -> None:
    """Database, write-ahead log, journal, keys and the program's own output are searched, byte for byte."""
    grant = await desk.grant(desk.street.desk_app, "read")
    await desk.buyer.send_text(desk.room, "bi-mat-cua-khach-mau")
    with desk.tap.watched() as arrived:
        async with grant.app.client(grant.token) as client:
            page = await client.room_messages(desk.room, limit=1)
    assert [one.body for one in page.chunk] == ["bi-mat-cua-khach-mau"]
    gateway = desk.street.gateway
    upstream = arrived[0].authorization.removeprefix("Bearer ")
    secrets = ("bi-mat-cua-khach-mau", MATRIX_PASSWORD, OWNER_PASSWORD, grant.token, upstream, grant.app.client_secret)
    assert [gateway.find_at_rest(secret) for secret in secrets] == [[]] * len(secrets)
    assert gateway.find_at_rest(desk.merchant.user_id) != []  # the search finds what is there
