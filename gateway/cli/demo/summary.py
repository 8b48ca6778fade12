"""Seeding a fresh demo, and what the demo tells about itself: `demo.json` for tools, one table for people."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from gateway.cli.demo import seeds, walk
from gateway.cli.demo.files import SHOP_KEYS, DemoFolder, Ports, random_word
from gateway.records.accounts import store as accounts
from gateway.sandbox.zalo.seeds import ACCOUNTS, FLORIST_ID
from gateway.terms.entropy import Entropy

PASSWORD_LENGTH = 16


async def seed_records(folder: DemoFolder, ports: Ports, entropy: Entropy) -> dict[str, Any]:
    """Add the people and register the apps, by the operator's commands; remember their passwords and keys."""
    from gateway.doors.admin.commands import AdminDoor, perform
    from gateway.ground.vault.passwords import Passwords
    from gateway.platforms.zalo.login import login_issuer
    from gateway.server.house import opened_house
    from gateway.settings import read_settings
    from scopes import load_catalogue

    settings = read_settings(environment={}, env_file=folder.env_file)
    passwords = Passwords(entropy)
    people, apps = [], []
    async with opened_house(settings) as house:
        door = AdminDoor(house, load_catalogue(settings.catalogue), passwords, settings.is_on_loopback)
        for person in seeds.PEOPLE:
            password = random_word(entropy, PASSWORD_LENGTH)
            arguments = {"login": person.login, "name": person.name, "roles": [person.role], "password": password}
            await perform(door, "person create", arguments)
            people.append({"name": person.name, "login": person.login, "password": password, "roles": [person.role]})
        issuer = login_issuer(settings.zalo_login.app_id) if settings.zalo_login else ""
        known = {"login": "khach-1", "issuer": issuer, "subject": seeds.FOLLOWER.id_by_app}
        await perform(door, "person link", known)
        for entry in seeds.list_apps(ports.sample_app):
            registered = await perform(door, "app register", {"app": entry})
            apps.append(_app(entry, registered))
    passwords.close()
    seeded = {"people": people, "apps": apps}
    folder.write_json("seeded.json", seeded)
    return seeded


def write_sample_app(folder: DemoFolder, ports: Ports, seeded: dict[str, Any]) -> None:
    """Write the sample app's settings."""
    names = ("client_id", "client_secret", "name", "dialect")
    clients = [
        {
            **{name: app[name] for name in names},
            "redirect_uri": app["redirect_uris"][0],
            "notice_secret": app.get("notice_secret"),
            "platform": app["asks"][0]["scope"].partition(".")[0],
        }
        for app in seeded["apps"]
    ]
    folder.write_json(
        "sample-app.json",
        {
            "listen": f"127.0.0.1:{ports.first + 3}",
            "public_url": ports.sample_app,
            "issuer": ports.gateway,
            "api_url": ports.api,
            "apps": clients,
            "state_path": str(folder.path / "sample-app.state"),
        },
    )


async def seed_grant(ports: Ports, seeded: dict[str, Any]) -> None:
    """Let the second owner link their OA and agree to all that the first app asks, as they would in a browser."""
    owner = next(person for person in seeded["people"] if person["login"] == "chu-shop-2")
    app = seeded["apps"][0]
    async with walk.open_session() as session:
        walker = walk.Walker(session)
        await walk.sign_in_and_link(
            walker, ports.gateway, login=owner["login"], password=owner["password"], oa_id=list(ACCOUNTS)[1]
        )
        asks = [ask["id"] for ask in app["asks"]]
        await walk.agree(walker, ports.sample_app, client_id=app["client_id"], asks=asks, duration="P90D")


async def write_summary(
    folder: DemoFolder, ports: Ports, seeded: dict[str, Any], processes: dict[str, int]
) -> dict[str, Any]:
    """Write `demo.json`, which says to a reader or a script where everything of the demo is."""
    facts = {
        "gateway": ports.gateway,
        "api": ports.api,
        "sandbox": {"zalo": f"{ports.sandbox}/zalo", "kiotviet": f"{ports.sandbox}/kiotviet"},
        "shop_keys": [{"platform": "kiotviet", **key} for key in folder.read_json(SHOP_KEYS)],
        "sample_app": ports.sample_app,
        "database": str(folder.database),
        "env_file": str(folder.env_file),
        "people": seeded["people"],
        "processes": processes,
        "apps": seeded["apps"],
        "accounts": await _accounts(folder),
    }
    folder.write_json("demo.json", facts)
    return facts


def print_table(facts: dict[str, Any]) -> None:
    """Print addresses, sign-ins and commands, once, in one table; a link too long for it stands below."""
    table = Table("", "", title="Quyền · bản chạy thử", title_justify="left", show_header=False)
    table.add_row("Cổng quyền", facts["gateway"])
    table.add_row("API", facts["api"])
    table.add_row("Nền tảng giả lập", facts["sandbox"]["zalo"].removesuffix("/zalo"))
    table.add_row("Ứng dụng mẫu", facts["sample_app"])
    table.add_section()
    for person in facts["people"]:
        table.add_row(f"{person['login']} ({person['roles'][0]})", f"{person['password']}   {person['name']}")
    table.add_section()
    for key in facts["shop_keys"]:
        table.add_row("Gian hàng KiotViet", key["retailer"])
        table.add_row("  Client ID", key["client_id"])
        table.add_row("  Mã bảo mật", key["client_secret"])
    table.add_section()
    command = f"{_quyen()} --env-file {_from_here(facts['env_file'])}"
    table.add_row("kiểm nhật ký", f"{command} log verify")
    table.add_row("các quyền đã cấp", f"{command} grant list")
    console = Console(soft_wrap=True)
    console.print(table)
    console.print(
        f"Hỏi khach-1, người vào bằng Zalo: {ask_link(facts)}", highlight=False
    )  # whole, so that it can be followed


def ask_link(facts: dict[str, Any]) -> str:
    """Return the link by which the first app asks the seeded follower, who signs in at the stand-in's Zalo Login."""
    named = {"app": facts["apps"][0]["client_id"], "account": FLORIST_ID, "follower": seeds.FOLLOWER.user_id}
    return f"{facts['gateway']}/ask?{urlencode(named)}"


def _quyen() -> str:
    """Return what starts `quyen` in this shell: its name where the shell finds it, else the path from here."""
    beside = Path(sys.executable).with_name("quyen")
    return "quyen" if shutil.which("quyen") or not beside.exists() else _from_here(str(beside))


def _from_here(path: str) -> str:
    """Write a path as it is shortest to type: from the working directory where it lies below that."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _app(entry: dict[str, Any], registered: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": entry["name"],
        "client_id": registered["client_id"],
        "client_secret": registered["client_secret"],
        "notice_secret": registered["notice_secret"],
        "dialect": entry.get("dialect"),
        "reviewed": entry["reviewed"],
        "redirect_uris": entry["redirect_uris"],
        "asks": [{name: ask[name] for name in ("id", "scope", "purpose", "required")} for ask in entry["asks"]],
    }


async def _accounts(folder: DemoFolder) -> list[dict[str, Any]]:
    """List the OAs; `linked` says how it stands now."""
    from gateway.ground.storage.storage import Storage

    storage = Storage(f"sqlite+aiosqlite:///{folder.database}")
    rows = []
    try:
        async with storage.read() as connection:
            for login, account in zip(("chu-shop-1", "chu-shop-2"), ACCOUNTS.values(), strict=False):
                known = await accounts.find_external(connection, "zalo", account.oa_id)
                row = {"platform": "zalo", "external_id": account.oa_id, "name": account.name}
                rows.append({**row, "owner_login": login, "linked": known is not None})
    finally:
        await storage.close()
    return rows
