"""The table that the demo prints: what each address and sign-in is for."""

import pytest

from gateway.cli.demo import seeds
from gateway.cli.demo.summary import print_table


def test_a_sign_in_without_a_step_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Who tries each line finds something behind it, or reads beforehand that there is nothing yet."""
    people = [{"login": each.login, "name": each.name, "password": "x", "roles": [each.role]} for each in seeds.PEOPLE]
    places = dict.fromkeys(("gateway", "api", "sample_app", "env_file"), "http://127.0.0.1:1")
    print_table({**places, "sandbox": {"zalo": "http://127.0.0.1:1/zalo"}, "people": people, "shop_keys": []})
    lines = {
        each.login: line for line in capsys.readouterr().out.splitlines() for each in seeds.PEOPLE if each.login in line
    }
    told = [login for login, line in lines.items() if "chưa có gì để quyết" in line]
    assert (len(lines), told) == (5, ["khach-1"])
