"""The catalogue: what can be asked for, which calls it opens, which events it gets, and what of each passes.

Owns: the YAML files in `catalogue/`, one for each platform, and the pure library that reads, checks and compiles them
into a matcher, request rules and answer filters. Must not know: apps, people, grants, tokens, HTTP servers or clients;
it imports nothing of `gateway` and reads only its own files.

To add one more platform: a file `catalogue/<platform>.yaml` (`written.py` says what may stand in it), then
`quyen scopes check`. What is not written there does not exist for apps: a route, a query key, a body field, an answer
field. To add a field: name its scope; if no scope's text covers it, it stays out until one does.
To add a scope about people: its words stand there twice, to whoever decides for the account and, in `to_self`, to the
person whom the data is about.
"""

from scopes.answers import Answer, Filtered, Opened
from scopes.bodies import BodyRule
from scopes.denied import Denied
from scopes.docs import render_docs
from scopes.events import Event
from scopes.loading import Catalogue, Platform, check, load_catalogue
from scopes.problems import CatalogueError, Problem
from scopes.queries import CheckedQuery
from scopes.refusals import AnswerMalformed, BodyRefused, TargetRefused
from scopes.routes import Match, Route
from scopes.scope import ResourceKind, Scope
from scopes.texts import Text, Wording
from scopes.trees import ANY
from scopes.uploads import Part, UploadRule
from scopes.written import Budget, Limits

__all__ = [
    "ANY",
    "Answer",
    "AnswerMalformed",
    "BodyRefused",
    "BodyRule",
    "Budget",
    "Catalogue",
    "CatalogueError",
    "CheckedQuery",
    "Denied",
    "Event",
    "Filtered",
    "Limits",
    "Match",
    "Opened",
    "Part",
    "Platform",
    "Problem",
    "ResourceKind",
    "Route",
    "Scope",
    "TargetRefused",
    "Text",
    "UploadRule",
    "Wording",
    "check",
    "load_catalogue",
    "render_docs",
]
