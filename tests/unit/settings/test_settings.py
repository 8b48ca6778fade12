"""The settings: each rule, each with one sentence that names the setting and shows no secret."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import main
from gateway.platforms import Distrust
from gateway.platforms.zalo.hooks import ZaloHooks
from gateway.platforms.zalo.revocations import sign_values
from gateway.server.platforms import list_hooks
from gateway.settings import Settings, SettingsRefused, demo_port, find_catalogue, read_settings

KEY = urlsafe_b64encode(bytes(range(32))).decode()
SECRET = "app-secret-9f3b"
DATABASE_PASSWORD = "pw-7c1e"
GOOD = {
    "QUYEN_PUBLIC_URL": "https://quyen.example",
    "QUYEN_API_URL": "https://api.quyen.example",
    "QUYEN_TRUSTED_PROXIES": "none",
    "QUYEN_MASTER_KEY": KEY,
    "QUYEN_RECORD_RETENTION_DAYS": "730",
}
ZALO = {"QUYEN_PLATFORM__ZALO__APP_ID": "1", "QUYEN_PLATFORM__ZALO__APP_SECRET": SECRET}


def refused(**changes: str | None) -> str:
    """Return the sentence with which these settings are refused; None takes a variable away."""
    environment = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(SettingsRefused) as caught:
        read_settings(environment)
    return str(caught.value)


def read(**changes: str) -> Settings:
    """Read good settings with some changes."""
    return read_settings({**GOOD, **changes})


def test_the_least_that_must_be_set_is_enough() -> None:
    """Five names; the rest has defaults, and other programs' variables are not ours."""
    settings = read(PATH="/usr/bin", QUYENX="1")
    assert settings.database_url == "sqlite+aiosqlite:///var/quyen.db"
    assert settings.master_key_bytes == bytes(range(32))
    assert (settings.platform.zalo, settings.platform.matrix, settings.redis_url) == (None, None, None)


@pytest.mark.parametrize("name", GOOD)
def test_what_has_no_default_must_be_set(name: str) -> None:
    """Each by its name; the demo's own values are nobody's default."""
    assert refused(**{name: None}).startswith(f"{name}: must be set")


@pytest.mark.parametrize(
    "name",
    [
        "QUYEN_MASTERKEY",
        "QUYEN_PUBLIC_URLS",
        "QUYEN_",
        "QUYEN_PLATFORM__ZALO__TOKEN",
        "QUYEN_PLATFORM__ZALO",
    ],
)
def test_an_unknown_name_refuses_to_start(name: str) -> None:
    """A typing mistake is never a setting that silently does not hold."""
    sentence = refused(**ZALO, **{name: "x"}) if name.startswith("QUYEN_PLATFORM__Z") else refused(**{name: "x"})
    assert name in sentence
    assert "no such setting" in sentence or "same name" in sentence
    platform = "QUYEN_PLATFORM__TELEGRAM"
    assert refused(**{f"{platform}__BASE_URL": "x"}) == f"{platform}: no such setting"


def test_nested_names_make_a_platform() -> None:
    """Two underscores go one deeper; a platform without its secret is refused by name."""
    zalo = read(**ZALO, QUYEN_PLATFORM__ZALO__BASE_URL="http://127.0.0.1:8402/zalo/").platform.zalo
    assert zalo is not None
    assert (zalo.base_url, zalo.oauth_url) == ("http://127.0.0.1:8402/zalo", "https://oauth.zaloapp.com")
    assert zalo.app_secret.get_secret_value() == SECRET
    assert refused(QUYEN_PLATFORM__ZALO__APP_ID="1") == "QUYEN_PLATFORM__ZALO__APP_SECRET: must be set"


def test_a_name_cannot_be_both_value_and_folder() -> None:
    """Said plainly, whichever is read first."""
    assert "same name" in refused(QUYEN_LISTEN="127.0.0.1:1", QUYEN_LISTEN__PORT="1")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """Without the line break that editors leave; nested ones too."""
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "app").write_text(SECRET)
    environment = {name: value for name, value in GOOD.items() if name != "QUYEN_MASTER_KEY"}
    environment["QUYEN_MASTER_KEY_FILE"] = str(tmp_path / "key")
    environment["QUYEN_PLATFORM__ZALO__APP_SECRET_FILE"] = str(tmp_path / "app")
    settings = read_settings({**environment, "QUYEN_PLATFORM__ZALO__APP_ID": "1"})
    assert settings.master_key_bytes == bytes(range(32))
    assert settings.platform.zalo is not None
    assert settings.platform.zalo.app_secret.get_secret_value() == SECRET


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    """In the environment or in a file, not in both."""
    (tmp_path / "key").write_text(KEY)
    assert refused(QUYEN_MASTER_KEY_FILE=str(tmp_path / "key")) == "QUYEN_MASTER_KEY: given twice"


@pytest.mark.parametrize("kind", ["absent", "folder", "bytes", "odd name"])
def test_a_file_that_cannot_be_read_is_named_without_its_content(tmp_path: Path, kind: str) -> None:
    """One sentence, no traceback, nothing of what is in it."""
    (tmp_path / "bytes").write_bytes(SECRET.encode() + b"\xff\xfe")
    path = {"absent": "absent", "folder": "", "bytes": "bytes", "odd name": "a\0b"}[kind]
    sentence = refused(QUYEN_MASTER_KEY=None, QUYEN_MASTER_KEY_FILE=str(tmp_path / path))
    assert sentence.startswith("QUYEN_MASTER_KEY_FILE: the file cannot be read (")
    assert SECRET not in sentence


@pytest.mark.parametrize("name", ["QUYEN_PUBLIC_URL", "QUYEN_API_URL", "QUYEN_PLATFORM__MATRIX__BASE_URL"])
@pytest.mark.parametrize(
    "value,reason",
    [
        ("http://quyen.example", "https"),
        ("http://10.0.0.1", "https"),
        ("http://127.0.0.1.example", "https"),
        ("ftp://quyen.example", "host"),
        ("quyen.example", "host"),
        ("https://", "host"),
        ("https://quyen.example:0", "host"),
        ("https://quyen.example:99999", "host"),
        ("https://quyen.example:port", "host"),
        ("https://user@quyen.example", "user"),
        (f"https://:{SECRET}@quyen.example", "user"),
        ("https://quyen.example?x=1", "query"),
        ("https://quyen.example#x", "fragment"),
        ("https://quyen.example\n", "ASCII"),
        ("https://quyền.example", "ASCII"),
        ("https://[::1", "IPv6"),
    ],
)
def test_an_address_that_is_unsafe_is_refused(name: str, value: str, reason: str) -> None:
    """Clear text beyond loopback, secrets in a URL, and whatever is no origin."""
    sentence = refused(**{name: value})
    assert sentence.startswith(f"{name}: ")
    assert reason in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost:8400", "[::1]:8400"])
def test_loopback_may_speak_http(host: str) -> None:
    """The demo and tests need no certificate; the trailing slash is no part of an origin."""
    assert read(QUYEN_PUBLIC_URL=f"http://{host}/").public_url == f"http://{host}"


def test_an_origin_has_no_path_and_a_platform_may() -> None:
    """People and calls have whole origins; a homeserver may stand below a path."""
    assert "no path" in refused(QUYEN_API_URL="https://quyen.example/api")
    matrix = read(QUYEN_PLATFORM__MATRIX__BASE_URL="https://hs.example/matrix").platform.matrix
    assert matrix is not None
    assert matrix.base_url == "https://hs.example/matrix"


def test_people_and_calls_have_two_origins() -> None:
    """Cookies never reach the API; a slash more does not make it another origin."""
    assert "another origin" in refused(QUYEN_API_URL=GOOD["QUYEN_PUBLIC_URL"] + "/")


@pytest.mark.parametrize(
    "value",
    ["https://QUYEN.example", "https://quyen.example:443", "HTTPS://Quyen.Example:443/", "https://quyen.example:"],
)
def test_another_spelling_is_no_other_origin(value: str) -> None:
    """Host and scheme in whatever letters, the default port said or not: browsers send the same cookies there."""
    assert "another origin" in refused(QUYEN_API_URL=value)
    assert read(QUYEN_PUBLIC_URL=value).public_url == "https://quyen.example"
    assert read(QUYEN_PUBLIC_URL="https://[2001:DB8::1]:8443/").public_url == "https://[2001:db8::1]:8443"
    hs = read(QUYEN_PLATFORM__MATRIX__BASE_URL="https://HS.example:443/Matrix/").platform.matrix
    assert hs is not None
    assert hs.base_url == "https://hs.example/Matrix"


@pytest.mark.parametrize(
    "key", ["", "short", KEY[:-2], KEY + "AAAA", "!" + KEY[1:], KEY + "!!!!", KEY.replace("A", "+")]
)
def test_the_master_key_is_32_bytes_and_nothing_else(key: str) -> None:
    """Too short, too long, or with letters that base64url has not; never shown."""
    sentence = refused(QUYEN_MASTER_KEY=key)
    assert "32 bytes" in sentence
    assert len(key) < 6 or key not in sentence
    assert read(QUYEN_MASTER_KEY=KEY.rstrip("=")).master_key_bytes == bytes(range(32))


@pytest.mark.parametrize("value", ["", "10.0.0.1/8", "proxy", "10.0.0.0/8;fd00::/8", "none,10.0.0.0/8", "10.0.0.0/33"])
def test_trusted_proxies_are_networks(value: str) -> None:
    """Written exactly, or `none`; over loopback nothing stands in front, and nothing has to be said."""
    assert refused(QUYEN_TRUSTED_PROXIES=value).startswith("QUYEN_TRUSTED_PROXIES: must be networks")
    given = read(QUYEN_TRUSTED_PROXIES="10.0.0.0/8, fd00::/8,192.0.2.1").trusted_proxies
    assert given == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("192.0.2.1/32"))
    assert read().trusted_proxies == ()
    demo = {**GOOD, "QUYEN_PUBLIC_URL": "http://127.0.0.1:8400"}
    assert read_settings({name: demo[name] for name in demo if "PROXIES" not in name}).trusted_proxies is None


@pytest.mark.parametrize("value", ["127.0.0.1", ":8400", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "a:²"])
def test_where_to_listen_is_host_and_port(value: str) -> None:
    """Anything else is refused before a socket is."""
    assert "host:port" in refused(QUYEN_LISTEN=value)
    assert read(QUYEN_LISTEN="[::1]:0").listen == "[::1]:0"


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_how_long_evidence_is_kept_is_a_number_of_days(value: str) -> None:
    """At least one."""
    assert refused(QUYEN_RECORD_RETENTION_DAYS=value).startswith("QUYEN_RECORD_RETENTION_DAYS: ")


def test_the_mode_is_one_of_two() -> None:
    """What the consent screen says cannot be anything."""
    assert refused(QUYEN_MODE="other").startswith("QUYEN_MODE: ")
    assert read(QUYEN_MODE="platform").mode == "platform"


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:///x.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        f"postgresql://u:{DATABASE_PASSWORD}@h/d",
        f"mysql+aiomysql://u:{DATABASE_PASSWORD}@h/d",
        "no address",
    ],
)
def test_the_database_is_a_file_or_postgresql(value: str) -> None:
    """With the drivers that there are; a password in it is not shown."""
    sentence = refused(QUYEN_DATABASE_URL=value)
    assert sentence.startswith("QUYEN_DATABASE_URL: must be sqlite+aiosqlite")
    assert DATABASE_PASSWORD not in sentence


FOLDERS = {f"QUYEN_{name}_DIR": f"/srv/quyen/{name.lower()}" for name in ("CHECKPOINT", "JOURNAL", "KEYS")}


@pytest.mark.parametrize("left_out", FOLDERS)
def test_with_postgresql_the_folders_are_named(left_out: str) -> None:
    """There is no file to stand beside: a command that runs elsewhere would keep its tombstones elsewhere."""
    given = {name: value for name, value in FOLDERS.items() if name != left_out}
    assert "must be set with PostgreSQL" in refused(QUYEN_DATABASE_URL="postgresql+asyncpg://u@h/d", **given)


def test_every_fault_is_told_at_once() -> None:
    """One start, one list."""
    sentence = refused(QUYEN_LISTEN="x", QUYEN_MODE="y", QUYEN_WRONG="z")
    assert [part.partition(":")[0] for part in sentence.split("; ")] == ["QUYEN_LISTEN", "QUYEN_MODE", "QUYEN_WRONG"]


def test_a_file_of_settings_is_overridden_by_the_environment(tmp_path: Path) -> None:
    """Comments and empty lines pass; a value may hold `=`."""
    lines = [f"{name} = {value}" for name, value in GOOD.items()]
    path = tmp_path / "env"
    path.write_text("\n".join(["# comment", "", *lines, "QUYEN_OPERATOR_NAME=A=B"]))
    settings = read_settings({"QUYEN_MODE": "platform", "QUYEN_RECORD_RETENTION_DAYS": "1"}, path)
    assert (settings.operator_name, settings.mode, settings.record_retention_days) == ("A=B", "platform", 1)


@pytest.mark.parametrize("in_file", ["QUYEN_MASTER_KEY=x", "QUYEN_MASTER_KEY_FILE=/nowhere"])
def test_the_environment_overrides_a_secret_of_either_kind(tmp_path: Path, in_file: str) -> None:
    """A value, or the file that holds it: whichever stands in the environment is the one setting."""
    path, key = tmp_path / "env", tmp_path / "key"
    path.write_text(in_file)
    key.write_text(KEY)
    without = {name: value for name, value in GOOD.items() if name != "QUYEN_MASTER_KEY"}
    for given in ({"QUYEN_MASTER_KEY": KEY}, {"QUYEN_MASTER_KEY_FILE": str(key)}):
        assert read_settings({**without, **given}, path).master_key_bytes == bytes(range(32))


@pytest.mark.parametrize("content", [b"QUYEN_MODE\n", b"\xff", None])
def test_a_file_of_settings_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Absent, not text, or with a line that is no setting."""
    path = tmp_path / "env"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsRefused, match="env: "):
        read_settings({}, path)


def test_the_process_s_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is handed in."""
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("QUYEN_DEMO_PORT", "9000")
    assert read_settings().public_url == GOOD["QUYEN_PUBLIC_URL"]
    assert demo_port() == 9000


def test_the_catalogue_is_found_without_any_other_setting(tmp_path: Path) -> None:
    """In the environment, in a file of settings, in the file that it names; nowhere is the program's own."""
    (tmp_path / "env").write_text("QUYEN_CATALOGUE=/in/file\nQUYEN_MODE=x")
    (tmp_path / "name").write_text("/named\n")
    assert find_catalogue({}) is None
    assert find_catalogue({}, tmp_path / "env") == Path("/in/file")
    assert find_catalogue({"QUYEN_CATALOGUE": "/said"}, tmp_path / "env") == Path("/said")
    assert find_catalogue({"QUYEN_CATALOGUE_FILE": str(tmp_path / "name")}, tmp_path / "env") == Path("/named")
    with pytest.raises(SettingsRefused, match="given twice"):
        find_catalogue({"QUYEN_CATALOGUE_FILE": str(tmp_path / "name"), "QUYEN_CATALOGUE": "/said"})


@pytest.mark.parametrize("value", ["", "x", "80", "65533", "²", "-8400"])
def test_the_demo_s_port_has_room_for_three_more(value: str) -> None:
    """Refused with a sentence; 8400 is the default."""
    with pytest.raises(SettingsRefused, match="QUYEN_DEMO_PORT"):
        demo_port({"QUYEN_DEMO_PORT": value})
    assert (demo_port({}), demo_port({"QUYEN_DEMO_PORT": "1024"})) == (8400, 1024)


def test_no_secret_is_printed_or_represented(tmp_path: Path) -> None:
    """`config print`, JSON, `repr` and `str`: master key, app secret, Redis and database passwords stay hidden."""
    redis, database = "redis://:redis-pw@h", f"postgresql+asyncpg://quyen:{DATABASE_PASSWORD}@db.example/quyen"
    given = {**GOOD, **ZALO, **FOLDERS, "QUYEN_REDIS_URL": redis, "QUYEN_DATABASE_URL": database}
    path = tmp_path / "env"
    path.write_text("\n".join(f"{name}={value}" for name, value in given.items()))
    printed = [
        CliRunner().invoke(main, ["--env-file", str(path), "config", "print", *more]).output
        for more in ([], ["--json"])
    ]
    assert json.loads(printed[1])["database_url"] == "postgresql+asyncpg://quyen:***@db.example/quyen"
    settings = read_settings(given)
    assert settings.database_url == database
    for text in (*printed, settings.model_dump_json(), repr(settings), str(settings)):
        assert not [secret for secret in (KEY, SECRET, DATABASE_PASSWORD, "redis-pw") if secret in text]


OIDC = {
    "QUYEN_OIDC__ISSUER": "https://id.example/",
    "QUYEN_OIDC__CLIENT_ID": "quyen",
    "QUYEN_OIDC__CLIENT_SECRET": "a secret that nobody sees",
    "QUYEN_OIDC__NAME_VI": "Tài khoản Công ty (mẫu)",
}


def test_a_provider_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Absent without settings; the issuer stays as it was written; the secret may stand in a file, and never shows."""
    assert read_settings(GOOD).oidc is None
    path = tmp_path / "secret"
    path.write_text("a secret that nobody sees\n")
    given = {name: value for name, value in OIDC.items() if name != "QUYEN_OIDC__CLIENT_SECRET"}
    oidc = read_settings({**GOOD, **given, "QUYEN_OIDC__CLIENT_SECRET_FILE": str(path)}).oidc
    assert oidc is not None
    assert (oidc.issuer, oidc.client_auth) == ("https://id.example/", "client_secret_basic")
    assert oidc.client_secret.get_secret_value() == "a secret that nobody sees"
    assert "nobody sees" not in repr(oidc) + oidc.model_dump_json()


@pytest.mark.parametrize("name", [*OIDC])
def test_half_a_provider_does_not_start(name: str) -> None:
    """Each of them is needed, and none may be empty."""
    for changed in ({name: ""}, {}):
        given = {key: value for key, value in {**OIDC, **changed}.items() if key != name or changed}
        with pytest.raises(SettingsRefused, match=name):
            read_settings({**GOOD, **given})


@pytest.mark.parametrize(
    "name,value",
    [
        ("QUYEN_OIDC__ISSUER", "http://id.example"),
        ("QUYEN_OIDC__ISSUER", "http://127.0.0.1:9000"),
        ("QUYEN_OIDC__ISSUER", "https://id.example/?tenant=1"),
        ("QUYEN_OIDC__ISSUER", "https://u:p@id.example"),
        ("QUYEN_OIDC__ISSUER", f"{GOOD['QUYEN_PUBLIC_URL']}/realm"),
        ("QUYEN_OIDC__ISSUER", GOOD["QUYEN_API_URL"]),
        ("QUYEN_OIDC__ISSUER", f"{GOOD['QUYEN_PUBLIC_URL'].upper()}:443/"),
        ("QUYEN_OIDC__CLIENT_ID", "with space"),
        ("QUYEN_OIDC__CLIENT_AUTH", "none"),
        ("QUYEN_OIDC__NAME_VI", "x" * 61),
    ],
)
def test_an_unsafe_provider_does_not_start(name: str, value: str) -> None:
    """In the clear, on loopback beside a public origin, with a query or a user, or the gateway itself."""
    with pytest.raises(SettingsRefused, match="QUYEN_OIDC__"):
        read_settings({**GOOD, **OIDC, name: value})


def test_a_provider_on_loopback_is_for_a_gateway_on_loopback() -> None:
    """For trying out: http on both sides."""
    loopback = {"QUYEN_PUBLIC_URL": "http://127.0.0.1:8400", "QUYEN_API_URL": "http://127.0.0.1:8401"}
    assert read_settings({**GOOD, **loopback, **OIDC, "QUYEN_OIDC__ISSUER": "http://127.0.0.1:9000"}).oidc is not None


MINI_APP = {
    "QUYEN_PLATFORM__ZALO__MINI_APP_ID": "1646200000000000038",
    "QUYEN_PLATFORM__ZALO__MINI_APP_KEY": "a key that nobody sees",
    "QUYEN_PLATFORM__ZALO__OA_SECRET_KEY": "another that nobody sees",
}


def test_a_mini_app_is_believed_whole_or_not_at_all() -> None:
    """Its id, the key that signs for it, and an address that events come to; without them nothing of one is read."""
    whole = read_settings({**GOOD, **ZALO, **MINI_APP})
    assert whole.platform.zalo is not None
    assert whole.platform.zalo.mini_app_id == MINI_APP["QUYEN_PLATFORM__ZALO__MINI_APP_ID"]
    assert "a key that nobody sees" not in repr(whole)
    assert isinstance(list_hooks(whole)["zalo"], ZaloHooks)
    said = {"event": "user.revoke.consent", "appId": MINI_APP["QUYEN_PLATFORM__ZALO__MINI_APP_ID"], "userId": "7"}
    now = datetime(2026, 11, 22, tzinfo=UTC)
    told = {**said, "timestamp": str(int(now.timestamp() * 1000))}
    headers = {"x-zevent-signature": sign_values(told, key="a key that nobody sees")}
    (heard,) = list_hooks(whole)["zalo"].read(headers, json.dumps(told).encode(), "x", now=now)
    assert heard.revoked_by is not None
    with pytest.raises(Distrust):
        list_hooks(read_settings({**GOOD, **ZALO}))["zalo"].read(headers, json.dumps(told).encode(), "x", now=now)
    for name in MINI_APP:
        fewer = {key: value for key, value in MINI_APP.items() if key != name}
        with pytest.raises(
            SettingsRefused, match="MINI_APP_ID and MINI_APP_KEY must be set together, and beside OA_SECRET_KEY"
        ):
            read_settings({**GOOD, **ZALO, **fewer})


ZALO_LOGIN = {"QUYEN_ZALO_LOGIN__APP_ID": "360", "QUYEN_ZALO_LOGIN__APP_SECRET": "a secret that nobody sees"}


def test_zalo_login_is_there_whole_or_not_at_all() -> None:
    """Off by default; with an app of its own it is Zalo's own hosts; half of it does not start; nothing shows."""
    assert read_settings(GOOD).zalo_login is None
    wanted = read_settings({**GOOD, **ZALO_LOGIN}).zalo_login
    assert wanted is not None
    assert (wanted.oauth_url, wanted.graph_url) == ("https://oauth.zaloapp.com", "https://graph.zalo.me")
    assert "nobody sees" not in repr(wanted) + wanted.model_dump_json()
    for name in ZALO_LOGIN:
        with pytest.raises(SettingsRefused, match=name):
            read_settings({**GOOD, **ZALO_LOGIN, name: ""})
        with pytest.raises(SettingsRefused, match=name):
            read_settings({**GOOD, **{key: value for key, value in ZALO_LOGIN.items() if key != name}})


@pytest.mark.parametrize("name", ["QUYEN_ZALO_LOGIN__OAUTH_URL", "QUYEN_ZALO_LOGIN__GRAPH_URL"])
@pytest.mark.parametrize("url", ["http://id.example", "http://127.0.0.1:9000", GOOD["QUYEN_API_URL"]])
def test_an_unsafe_zalo_login_does_not_start(name: str, url: str) -> None:
    """In the clear, on loopback beside a public origin, or the gateway itself."""
    with pytest.raises(SettingsRefused, match=name):
        read_settings({**GOOD, **ZALO_LOGIN, name: url})


def test_an_authority_for_fetching_stands_in_a_file(tmp_path: Path) -> None:
    """`QUYEN_FETCH_CA_FILE` holds the PEM itself; a file that holds none refuses to start."""
    pem = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----"
    (tmp_path / "ca.pem").write_text(pem + "\n", encoding="utf-8")
    (tmp_path / "none.pem").write_text("MII=", encoding="utf-8")
    assert read(QUYEN_FETCH_CA_FILE=str(tmp_path / "ca.pem")).fetch_ca == pem
    assert refused(QUYEN_FETCH_CA_FILE=str(tmp_path / "none.pem")).startswith("QUYEN_FETCH_CA")


@pytest.mark.parametrize("public_url, is_there", [("http://127.0.0.1:8400", True), ("https://quyen.example", False)])
def test_only_a_gateway_on_loopback_has_apps_there(public_url: str, *, is_there: bool) -> None:
    """Where people reach the gateway decides whether an app may be on this very machine."""
    assert read(QUYEN_PUBLIC_URL=public_url).is_on_loopback is is_there
