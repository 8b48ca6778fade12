"""Receipts: one for each decision made in the person's name or about their grants; on paper and as signed JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from gateway.doors import visitor_of
from gateway.ground.web.cursors import read_number, write_number
from gateway.doors.person.door import PersonDoor, lang_of
from gateway.doors.person.from_records import plain
from gateway.doors.person.own_grants import OwnGrant, list_own_grants
from gateway.doors.person.receipt_codes import EVENTS, receipt_code, record_id_of
from gateway.doors.person.receipt_json import signed_receipt
from gateway.doors.person.receipt_sheet import read_sheet, receipt_view
from gateway.doors.person.views_records import ReceiptLine, ReceiptsView
from gateway.ground.web.frame import with_query
from gateway.ground.web.responses import page_headers
from gateway.records.ledger import reading
from gateway.records.ledger.types import Record
from gateway.records.people.types import Person
from gateway.terms.refusal import Refusal
