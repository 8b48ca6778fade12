"""The table that the demo prints: what each address and sign-in is for."""

import pytest

from gateway.cli.demo import seeds
from gateway.cli.demo.summary import print_table


def test_every_sign_in_has_a_line_and_the_follower_a_link(capsys: pytest.CaptureFixture[str]) -> None:
    """Who tries each line finds something behind it: the follower by the link that asks them."""
    people = [{"login": each.login, "name": each.name, "password": "x", "roles": [each.role]} for each in seeds.PEOPLE]
    places = dict.fromkeys(("gateway", "api", "sample_app", "env_file"), "http://127.0.0.1:1")
    facts = {"sandbox": {"zalo": "http://127.0.0.1:1/zalo"}, "people": people, "shop_keys": []}
    print_table({**places, **facts, "apps": [{"client_id": "app_1"}]})
    lines = capsys.readouterr().out.splitlines()
    assert len([line for each in seeds.PEOPLE for line in lines if f"{each.login} ({each.role})" in line]) == 5
    link = f"http://127.0.0.1:1/ask?app=app_1&account=2511530240960241002&follower={seeds.FOLLOWER.user_id}"
    assert lines[-1].endswith(f": {link}")
