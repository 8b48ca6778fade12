"""Broken catalogue files are refused, each problem with its file and line; `docs` says what the files say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scopes import Catalogue, CatalogueError, check, load_catalogue, render_docs

Write = Callable[[str], Path]


def line_of(text: str, marker: str) -> int:
    """Return the line on which a marker first stands."""
    return text[: text.index(marker)].count("\n") + 1


TO_SELF = """    to_self:
      name: {vi: Xem của bạn, en: View yours}
      explanation: {vi: Của bạn., en: Yours.}
      can: [{vi: Xem bạn, en: View you}]
      cannot: [{vi: Không sửa bạn, en: Cannot change you}]
"""


def _without(name: str) -> str:
    return "".join(line for line in TO_SELF.splitlines(keepends=True) if not line.startswith(f"      {name}:"))


BROKEN = {
    "a route without a scope": ("opened_by: [shop.order.write]", "opened_by: []", "opened_by: []"),
    "a route whose scope is not described": (
        "opened_by: [shop.order.write]",
        "opened_by: [shop.order.cancel]",
        "opened_by: [shop.order.cancel]",
    ),
    "a field without a scope": ("ok: {type: boolean, scope: any}", "ok: {type: boolean}", "ok: {type: boolean}"),
    "a field whose scope is not described": (
        "total: {type: number, scope: any}",
        "total: {type: number, scope: x}",
        "total:",
    ),
    "a scope without English": ("name: {vi: Đặt hàng, en: Order}", "name: {vi: Đặt hàng}", "name: {vi: Đặt hàng}"),
    "a scope without Vietnamese": ("{vi: Đặt hàng., en: Order.}", "{vi: '', en: Order.}", "{vi: '', en: Order.}"),
    "a scope without what it cannot do": (
        "    cannot: [{vi: Không hủy, en: Cannot cancel}]\n",
        "",
        "- id: shop.order.write",
    ),
    "a scope about people without words to each of them": (
        f"{TO_SELF}  - id: shop.name.read",
        "  - id: shop.name.read",
        "- id: shop.card.write",
    ),
    "a scope about the account with words to somebody else": (
        "    whose: account\nroutes",
        f"    whose: account\n{TO_SELF}routes",
        "- id: shop.order.write",
    ),
    **{
        f"words to each of them without {name}": (
            f"{TO_SELF}  - id: shop.name.read",
            f"{_without(name)}  - id: shop.name.read",
            "    to_self:",
        )
        for name in ("name", "explanation", "can", "cannot")
    },
    "text that is not composed": ("vi: Đặt hàng,", "vi: Đặt ha\u0300ng,", "Đặt ha\u0300ng"),
    "a route without a sentence": ("    sentence: {vi: đặt một đơn, en: placed an order}\n", "", "- id: order"),
    "a scope of another platform": ("id: shop.order.write\n", "id: zalo.order.write\n", "id: zalo.order.write"),
    "a scope that stands twice": ("id: shop.phone.read\n", "id: shop.name.read\n", None),
    "a route that stands twice": ("id: view_me", "id: view_person", None),
    "a parameter without a rule": ("path: /orders", "path: /orders/{number}", "path: /orders/{number}"),
    "a rule without a parameter": ("path: /people/{person_id}", "path: /persons", "params: {person_id"),
    "a path with a dot segment": ("path: /orders", "path: /a/../orders", "path: /a/../orders"),
    "a path that is not absolute": ("path: /orders", "path: orders", "path: orders"),
    "a path with a doubled slash": ("path: /orders", "path: /a//orders", "path: /a//orders"),
    "an unknown format": ("format: decimal_id, required", "format: number, required", "format: number"),
    "an unknown type": ("gift: {type: boolean}", "gift: {type: bool}", "gift: {type: bool}"),
    "an unknown shape": ("contact: {use: contact}", "contact: {use: contacts}", "contact: {use: contacts}"),
    "an unknown body shape": ("items: {use: line}", "items: {use: lines}", "items: {use: lines}"),
    "a shape that holds itself": (
        "note: {type: string, scope: shop.phone.read}",
        "note: {use: contact}",
        "note: {use: contact}",
    ),
    "a shape that no route uses": ("  contact:\n    fields:", "  idle: {fields: {}}\n  contact:\n    fields:", "idle:"),
    "an unknown key": ("kind: write\n", "kind: write\n    cached: true\n", "cached: true"),
    "a key that stands twice": (
        "kind: write\n",
        "kind: write\n    kind: read\n",
        "    kind: read\n    sentence: {vi: đặt",
    ),
    "an alias": ("kind: write\n", "kind: &k write\n    method: *k\n", "*k"),
    "not YAML": ("kind: write\n", "kind: [write\n", None),
    "cases inside a list": (
        "nicknames: {items: string, scope: shop.name.read}",
        "nicknames: {items: {by: kind, cases: {}}, scope: shop.name.read}",
        "nicknames:",
    ),
    "a subject inside a list": (
        "nicknames: {items: string, scope: shop.name.read}",
        "nicknames: {items: {type: string, subject: true}, scope: shop.name.read}",
        "nicknames:",
    ),
    "a place that is two things": ("gift: {type: boolean}", "gift: {fields: {}, items: {}}", "gift:"),
    "an answer place that is two things": ("total: {type: number,", "total: {type: number, items: string,", "total:"),
    "either of two objects": (
        "nicknames: {items: string, scope: shop.name.read}",
        "nicknames: {either: [{fields: {}}, {fields: {}}], scope: shop.name.read}",
        "nicknames:",
    ),
    "a scalar beside a form of another scope": (
        "nicknames: {items: string, scope: shop.name.read}",
        "nicknames: {either: [{items: string, scope: shop.phone.read}, string], scope: shop.name.read}",
        "nicknames:",
    ),
    "a part of a body for a scope that does not open the route": (
        "gift: {type: boolean}",
        "gift: {type: boolean, scope: shop.phone.read}",
        "    body:\n",
    ),
    "a list in a body for a scope that does not open the route, its items for one that does": (
        "stickers: {scope: shop.card.write, items: {type: string}}",
        "stickers: {scope: shop.phone.read, items: {type: string, scope: shop.card.write}}",
        "    body:\n      fields:\n        stickers:",
    ),
    "an object in a body, empty, for a scope that does not open the route": (
        "box: {scope: shop.card.write, fields: {ribbon: {type: string|null}}}",
        "box: {scope: shop.phone.read, fields: {}}",
        "    body:\n      fields:\n        stickers:",
    ),
    "a shape with a scope of its own, used for another": (
        "  free: {fields: {words:",
        "  free: {scope: shop.name.read, fields: {words:",
        "        note: {any_of: [{use: free, scope: shop.card.write}",
    ),
    "a key of a write that needs a scope about people": (
        "opened_by: [shop.card.write, shop.name.read]",
        "opened_by: [shop.card.write, shop.name.read]\n    query: {keys: {who: {scope: shop.phone.read}}}",
        "query: {keys: {who:",
    ),
    "a parameter of a write that needs a scope about people": (
        "path: /cards",
        "path: /cards/{who}\n    params: {who: {scope: shop.phone.read}}",
        "params: {who:",
    ),
    "the header of the account among those that pass": (
        "error_style: status\n",
        "error_style: status\naccount_header: accept\n",
        None,
    ),
    "a body that is two things": (
        "      fields:\n        buyer:",
        "      any_of: []\n      fields:\n        buyer:",
        "    body:\n",
    ),
    "a listed key that is dropped": ("dropped: [sort, toDate]", "dropped: [sort, page]", "    query:\n"),
    "something dropped from a query in JSON": (
        "      dropped: [sort, toDate]",
        "      dropped: [sort, toDate]\n      wrapped_in: data",
        "    query:\n",
    ),
    "something dropped from a write": (
        "kind: write\n",
        "kind: write\n    query: {dropped: [sort]}\n",
        "    query: {dropped: [sort]}",
    ),
    "a key called like what a scope opens": ("name: {max_length: 9, scope: shop.name.read}", "name: {}", "name: {}"),
    "a key that sorts by what a scope opens": ("[id, note], scope: shop.phone.read", "[id, note]", None),
    "a parameter called like what a scope opens": (
        "path: /people/{person_id}\n    params: {person_id: {format: decimal_id, subject: true}}",
        "path: /people/{name}\n    params: {name: {}}",
        "params: {name",
    ),
    "a list that leaves out who needs no basis": (
        "path: /letters\n    opened_by: [shop.phone.read,",
        "path: /letters\n    opened_by: [shop.order.write,",
        "              letters:",
    ),
    "a list that leaves out items that name nobody": (
        "nicknames: {items: string, scope: shop.name.read}",
        "nicknames: {items: string, scope: shop.name.read, leaves_out: true}",
        "nicknames:",
    ),
    "something that is no list and leaves out": (
        "total: {type: number, scope: any}",
        "total: {type: number, scope: any, leaves_out: true}",
        "total:",
    ),
    "a value that tells something and says that it does not": ("tells_nothing: [id]", "tells_nothing: [note]", None),
    "a value that tells nothing and is none": ("tells_nothing: [id]", "tells_nothing: [age]", None),
    "a parameter whose scope is not described": (
        "params: {person_id: {format: decimal_id, subject: true}}",
        "params: {person_id: {format: decimal_id, subject: true, scope: shop.id.read}}",
        "params: {person_id",
    ),
    "a denied path that a route opens": (
        "routes:\n",
        "denied: [{path: /people, reason: Closed.}]\nroutes:\n",
        "denied:",
    ),
    "a denied path that could be a route's": (
        "routes:\n",
        "denied: [{path: '/{any}/me', reason: Closed.}]\nroutes:\n",
        "denied:",
    ),
    "a denied path that a route with a parameter opens": (
        "routes:\n",
        "denied: [{path: /people/them, reason: Closed.}]\nroutes:\n",
        "denied:",
    ),
    "a denied path without a reason": ("routes:\n", "denied: [{path: /x, reason: ''}]\nroutes:\n", "denied:"),
    "a denied path that is none": ("routes:\n", "denied: [{path: x, reason: Closed.}]\nroutes:\n", "denied:"),
    "a member left out that is open": (
        "routes:\n",
        "left_out: [{members: [id, vip], reason: Closed.}]\nroutes:\n",
        "left_out:",
    ),
    "a member left out of something that is not there": (
        "routes:\n",
        "left_out: [{members: [x], of: [view_you], reason: Closed.}]\nroutes:\n",
        "left_out:",
    ),
    "something left out without a reason": ("routes:\n", "left_out: [{members: [x]}]\nroutes:\n", "left_out:"),
    "nothing left out": ("routes:\n", "left_out: [{reason: Closed.}]\nroutes:\n", "left_out:"),
    "members and events left out in one": (
        "routes:\n",
        "left_out: [{members: [x], events: [y], reason: Closed.}]\nroutes:\n",
        "left_out:",
    ),
    "events left out of one place": (
        "routes:\n",
        "left_out: [{events: [y], of: [view_me], reason: Closed.}]\nroutes:\n",
        "left_out:",
    ),
    "a mask on an object": ("extra:\n", "extra:\n                masked_as: 0\n", "extra:"),
    "cases without a sibling's name": ("                by: kind\n", "", "extra:"),
    "a parameter that stands twice": (
        "/people/{person_id}",
        "/people/{person_id}/{person_id}",
        "path: /people/{person_id}/",
    ),
    "an answer that is no object": (
        "answer: {fields: {ok:",
        "answer: {use: contact, fields: {ok:",
        "answer: {use: contact",
    ),
    "a case without its sibling": ("by: kind", "by: sort", "by: sort"),
    "a personal field with no person": (
        "subject: true}, name: string}}\n  - id: view_me",
        "name: string}}\n  - id: view_me",
        None,
    ),
    "an envelope of the wrong style": ("error_style: status", "error_style: envelope", "error_style: envelope"),
    "a sensitive scope without a reason": (
        "sensitivity: none\n    whose: account",
        "sensitivity: sensitive\n    whose: account",
        "- id: shop.order.write",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_refused_with_its_line(shop_yaml: str, write: Write, name: str) -> None:
    """Each defect stops the catalogue from loading and is shown with the file and line where it stands."""
    old, new, marker = BROKEN[name]
    assert old in shop_yaml
    text = shop_yaml.replace(old, new, 1)
    folder = write(text)
    problems = check(folder)
    assert problems
    assert {problem.file for problem in problems} == {"shop.yaml"}
    if marker is not None:
        assert line_of(text, marker) in {problem.line for problem in problems}, problems
    with pytest.raises(CatalogueError, match=r"shop\.yaml:\d+: "):
        load_catalogue(folder)


def test_a_file_that_is_not_utf_8_is_refused_at_its_line(shop_yaml: str, write: Write) -> None:
    """Whatever an editor saved it as, the operator hears which file and line, and sees no traceback."""
    folder = write(shop_yaml)
    (folder / "shop.yaml").write_bytes(shop_yaml.encode().replace("Đặt".encode(), b"\xd0", 1))
    (problem,) = check(folder)
    assert (problem.file, problem.message) == ("shop.yaml", "not UTF-8")
    assert problem.line == line_of(shop_yaml, "Đặt")
    (folder / "shop.yaml").write_bytes(shop_yaml.encode("utf-16"))
    assert [each.message for each in check(folder)] == ["not UTF-8"]


@pytest.mark.parametrize("sign", ["\0", "\x07", "\x1b", "\x7f", "\ufffe"])
@pytest.mark.parametrize("at", ["Đặt", "\n"], ids=["in a text", "at a line's end"])
def test_a_control_character_is_refused_at_its_line(shop_yaml: str, write: Write, sign: str, at: str) -> None:
    """Nobody sees it in an editor, so the line says where it stands; letters of several bytes before it count once."""
    text = shop_yaml.replace(at, sign + at, 1) if at != "\n" else f"{shop_yaml}# Đặt\n#{sign}\n"
    (problem,) = check(write(text))
    line = line_of(shop_yaml, at) if at != "\n" else text.count("\n")
    assert (problem.file, problem.line) == ("shop.yaml", line)
    assert problem.message == f"a control character, U+{ord(sign):04X}"


def test_what_cannot_be_read_is_a_problem_of_its_name(shop_yaml: str, write: Write) -> None:
    """A folder called like a catalogue file is told as such, and so is a number that is none."""
    folder = write(shop_yaml)
    (folder / "folder.yaml").mkdir()
    (folder / "number.yaml").write_text("platform: shop\nname: !!int mười\n", encoding="utf-8")
    assert [str(each) for each in check(folder)] == [
        "folder.yaml:1: cannot be read: Is a directory",
        "number.yaml:2: not YAML: no int",
    ]


def test_small_catalogue_is_whole(shop_yaml: str, write: Write) -> None:
    """The file that the broken ones start from has no problem (positive control)."""
    assert check(write(shop_yaml)) == []


@pytest.mark.parametrize(
    "first,second,overlap",
    [
        ("/a/{x}", "/a/{y}", True),
        ("/a/{x}/c", "/a/b/{y}", True),
        ("/a/b", "/a/b", True),
        ("/a/{x}", "/a/b", False),
        ("/a/{x}", "/a/{y}/c", False),
        ("/a/{x}/c", "/a/{y}/d", False),
    ],
)
def test_overlapping_templates_are_refused(
    shop_yaml: str, write: Write, first: str, second: str, *, overlap: bool
) -> None:
    """Two routes that one path could mean, neither being the more exact, are refused at the later one's line."""
    text = shop_yaml
    for number, path in enumerate((first, second)):
        text += f"""
  - id: extra_{number}
    method: GET
    path: {path}
    params: {{{", ".join(f"{name}: {{}}" for name in "xy" if f"{{{name}}}" in path)}}}
    opened_by: [shop.order.write]
    kind: read
    sentence: {{vi: xem, en: viewed}}
    answer: {{fields: {{}}}}
"""
    problems = check(write(text))
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line == f"    path: {second}"]
    assert [problem.line for problem in problems] == ([lines[-1]] if overlap else [])


def test_scope_that_opens_nothing_is_refused_unless_the_app_enforces_it(shop_yaml: str, write: Write) -> None:
    """A gateway that cannot enforce a scope must say so: `enforced_by: app`."""
    start = shop_yaml.index("  - id: shop.order.write")
    end = shop_yaml.index("routes:")
    idle = shop_yaml[start:end].replace("shop.order.write", "shop.location.read")
    text = shop_yaml.replace("routes:", idle + "routes:", 1)
    (problem,) = check(write(text))
    assert "opens nothing" in problem.message
    assert problem.line == line_of(text, "- id: shop.location.read")
    by_app = text.replace(idle, idle.rstrip() + "\n    enforced_by: app\n", 1)
    assert check(write(by_app)) == []


def test_scope_that_the_app_enforces_opens_no_route(shop_yaml: str, write: Write) -> None:
    """`enforced_by: app` on a scope that a route names would be a lie on the consent screen."""
    text = shop_yaml.replace("whose: account\nroutes:", "whose: account\n    enforced_by: app\nroutes:", 1)
    assert text != shop_yaml
    assert "enforced by the app" in check(write(text))[0].message


def test_several_problems_are_shown_at_once(shop_yaml: str, write: Write) -> None:
    """One run shows every problem, so that nobody mends them one by one."""
    text = shop_yaml.replace("scope: any}", "scope: gone}")
    assert len(check(write(text))) > 3


def test_platform_described_twice_is_refused(shop_yaml: str, write: Write) -> None:
    """Two files for one platform would hide each other's routes."""
    folder = write(shop_yaml)
    (folder / "shop2.yaml").write_text(shop_yaml, encoding="utf-8")
    assert any("another file" in problem.message for problem in check(folder))


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    """A gateway without a catalogue does not start."""
    with pytest.raises(CatalogueError):
        load_catalogue(tmp_path)


def test_docs_name_every_scope_route_and_field(packaged: Catalogue) -> None:
    """The rendered reference holds every scope, route, path and answer field, and nothing that is closed."""
    text = render_docs(packaged)
    for scope in packaged.scopes.values():
        assert f"### `{scope.id}`" in text
        assert scope.name.vi in text
    for platform in packaged.platforms.values():
        for route in platform.routes.values():
            assert all(f"/{platform.id}{template}`" in text for template in route.templates)
    assert "| `data.shared_info.phone` | `zalo.follower.phone.read` (about other people) |" in text
    assert "`data.user_id_by_app`" not in text
    assert "| `user_id_by_app` | every answer and event | another name of the same person" in text
    assert "| `sender`, `recipient` | `template_received` |" in text
    assert "| events `create_group`, " in text


def test_what_is_open_to_unreviewed_apps(packaged: Catalogue) -> None:
    """Reading what is the account's own and not sensitive; nobody sends or writes in an account's name unreviewed."""
    is_open = {scope for scope in packaged.scopes if packaged.is_for_unreviewed(scope)}
    zalo, kiotviet = {f"zalo.{one}.read" for one in ("profile", "tag", "quota")}, {"shop.read", "purchase.read"}
    own = {"matrix.profile.read", "zalosocial.id.read", "zalosocial.profile.read"}
    assert is_open == {*zalo, *own, *(f"kiotviet.{one}" for one in kiotviet)}


CLOSING = {
    "others' data": {"whose: account": f"whose: subject\n{TO_SELF.rstrip()}"},
    "sensitive data": {"sensitivity: none": "sensitivity: sensitive\n    sensitive_because: {vi: Kín., en: Secret.}"},
    "it opens a writing route": {"[shop.order.write]": "[shop.order.write, shop.tag.read]"},
    "or a field of its answer": {"ok: {type: boolean, scope: any}": "ok: {type: boolean, scope: shop.tag.read}"},
    "or a key of it": {"    body:\n": "    query: {keys: {tag: {type: string, scope: shop.tag.read}}}\n    body:\n"},
    "no route names it": {"sensitivity: none": "sensitivity: none\n    enforced_by: app", ", shop.tag.read]": "]"},
}


@pytest.mark.parametrize("changes", CLOSING.values(), ids=CLOSING.keys())
def test_what_closes_a_scope_to_unreviewed_apps(shop_yaml: str, write: Write, changes: dict[str, str]) -> None:
    """A scope that reads is open until it is about others or sensitive, or one writing route names it in any way."""
    head, routes = shop_yaml.split("routes:\n")
    scope = head[head.index("  - id: shop.order.write") :].replace("shop.order.write", "shop.tag.read")
    routes = routes.replace("shop.phone.read]", "shop.phone.read, shop.tag.read]")
    assert load_catalogue(write(f"{head}{scope}routes:\n{routes}")).is_for_unreviewed("shop.tag.read")
    for one, other in changes.items():
        scope, routes = scope.replace(one, other), routes.replace(one, other)
    assert not load_catalogue(write(f"{head}{scope}routes:\n{routes}")).is_for_unreviewed("shop.tag.read")


def test_catalogue_cannot_be_changed(packaged: Catalogue) -> None:
    """What the whole process shares is read-only."""
    with pytest.raises(TypeError):
        packaged.scopes["x"] = packaged.scopes["zalo.tag.read"]  # type: ignore[index]
