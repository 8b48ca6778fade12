"""A small catalogue of its own for what the packaged files do not use, and ways to break it on purpose."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scopes import Catalogue, load_catalogue

SHOP = """
platform: shop
name: {vi: Cửa hàng, en: Shop}
error_style: status
error_fields:
  reason: string
body_shapes:
  line: {fields: {sku: {type: string, required: true}, amount: {type: integer, least: 1, most: 9}}}
  free: {fields: {words: {values: {type: string, max_length: 5}, most_items: 2, required: true}}}
answer_shapes:
  contact:
    fields:
      phone: {type: integer|string, scope: shop.phone.read, masked_as: 0}
      note: {type: string, scope: shop.phone.read}
scopes:
  - id: shop.card.write
    version: 1
    name: {vi: Viết thiệp, en: Write cards}
    explanation: {vi: Viết thiệp., en: Write cards.}
    can: [{vi: Viết thiệp, en: Write cards}]
    cannot: [{vi: Không gỡ, en: Cannot take down}]
    data_types: [{vi: Thiệp, en: Card}]
    sensitivity: none
    whose: subject
    to_self:
      name: {vi: Xem của bạn, en: View yours}
      explanation: {vi: Của bạn., en: Yours.}
      can: [{vi: Xem bạn, en: View you}]
      cannot: [{vi: Không sửa bạn, en: Cannot change you}]
  - id: shop.name.read
    version: 1
    name: {vi: Xem tên, en: View names}
    explanation: {vi: Xem tên., en: View names.}
    can: [{vi: Xem tên, en: View names}]
    cannot: [{vi: Không sửa, en: Cannot change}]
    data_types: [{vi: Tên, en: Name}]
    sensitivity: none
    whose: subject
    to_self:
      name: {vi: Xem của bạn, en: View yours}
      explanation: {vi: Của bạn., en: Yours.}
      can: [{vi: Xem bạn, en: View you}]
      cannot: [{vi: Không sửa bạn, en: Cannot change you}]
  - id: shop.phone.read
    version: 1
    name: {vi: Xem số, en: View numbers}
    explanation: {vi: Xem số., en: View numbers.}
    can: [{vi: Xem số, en: View numbers}]
    cannot: [{vi: Không sửa, en: Cannot change}]
    data_types: [{vi: Số, en: Number}]
    sensitivity: none
    whose: subject
    to_self:
      name: {vi: Xem của bạn, en: View yours}
      explanation: {vi: Của bạn., en: Yours.}
      can: [{vi: Xem bạn, en: View you}]
      cannot: [{vi: Không sửa bạn, en: Cannot change you}]
  - id: shop.order.write
    version: 1
    name: {vi: Đặt hàng, en: Order}
    explanation: {vi: Đặt hàng., en: Order.}
    can: [{vi: Đặt hàng, en: Order}]
    cannot: [{vi: Không hủy, en: Cannot cancel}]
    data_types: [{vi: Đơn, en: Order}]
    sensitivity: none
    whose: account
routes:
  - id: list_people
    method: GET
    path: /people
    opened_by: [shop.name.read, shop.phone.read]
    kind: read
    sentence: {vi: xem danh sách, en: viewed the list}
    query:
      keys:
        page: {type: integer, least: 1, most: 50}
        shop: {format: decimal_id, names_account: true}
        name: {max_length: 9, scope: shop.name.read}
        sortBy: {one_of: [id, note], scope: shop.phone.read, tells_nothing: [id]}
        near: {max_length: 9, picks_people: true}
      dropped: [sort, toDate]
    limits: {answer_bytes: 65536}
    answer:
      fields:
        total: {type: number, scope: any}
        secret: {type: string, scope: shop.order.write, masked_as: hidden}
        people:
          items:
            fields:
              id: {type: string|integer, scope: any, subject: true}
              name: {type: string, scope: shop.name.read}
              vip: {type: boolean, scope: shop.name.read, masked_as: false}
              minor: {type: boolean, marks_minor: true}
              nicknames: {items: string, scope: shop.name.read}
              contact: {use: contact}
              kind: {type: string, scope: any}
              extra:
                by: kind
                cases:
                  member: {scope: shop.name.read, fields: {since: string, points: number}}
        by_id:
          keys_are_subjects: true
          values: {fields: {name: {type: string, scope: shop.name.read}, open: {type: string, scope: any}}}
  - id: list_letters
    method: GET
    path: /letters
    opened_by: [shop.phone.read, shop.name.read]
    kind: read
    sentence: {vi: xem thư, en: viewed the letters}
    answer:
      fields:
        boxes:
          items:
            fields:
              box: {type: string, scope: any}
              letters:
                leaves_out: true
                items:
                  fields:
                    from: {type: string|integer, scope: any, subject: true}
                    to: {type: string|integer, scope: any, subject: true}
                    minor: {type: boolean, marks_minor: true}
                    stamp: {type: string, scope: any}
                    sender: {type: string, scope: shop.name.read}
                    phone: {type: string, scope: shop.phone.read}
  - id: view_person
    method: GET
    path: /people/{person_id}
    params: {person_id: {format: decimal_id, subject: true}}
    opened_by: [shop.name.read]
    kind: read
    sentence: {vi: xem một người, en: viewed one person}
    answer: {scope: shop.name.read, fields: {id: {type: string, subject: true}, name: string}}
  - id: view_me
    method: GET
    path: /people/me
    opened_by: [shop.name.read]
    kind: read
    sentence: {vi: xem mình, en: viewed oneself}
    answer: {scope: shop.name.read, fields: {id: {type: string, subject: true}, name: string}}
  - id: order
    method: POST
    path: /orders
    opened_by: [shop.order.write]
    kind: write
    sentence: {vi: đặt một đơn, en: placed an order}
    body:
      limit_bytes: 2000
      fields:
        buyer: {type: string, format: decimal_id, required: true, subject: true}
        shop: {type: string, names_account: true}
        lines: {most_items: 2, items: {use: line}}
        gift: {type: boolean}
    answer: {fields: {ok: {type: boolean, scope: any}}}
  - id: write_card
    method: POST
    path: /cards
    opened_by: [shop.card.write, shop.name.read]
    kind: write
    sentence: {vi: viết một thiệp, en: wrote a card}
    body:
      fields:
        stickers: {scope: shop.card.write, items: {type: string}}
        box: {scope: shop.card.write, fields: {ribbon: {type: string|null}}}
        weight: {type: number}
        note: {any_of: [{use: free, scope: shop.card.write}, {fields: {text: {type: string, required: true}}}]}
    answer: {fields: {done: {type: boolean, scope: any}}}
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes one catalogue file and returns its folder."""

    def write_file(text: str) -> Path:
        (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
        return tmp_path

    return write_file


@pytest.fixture(scope="session")
def shop_yaml() -> str:
    """The text of the small catalogue."""
    return SHOP


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The small catalogue, loaded."""
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    return load_catalogue(folder)


@pytest.fixture(scope="session")
def packaged() -> Catalogue:
    """The catalogue that the program ships."""
    return load_catalogue()
