"""The table of an app's own affairs: method, path, and the scope that opens it."""

from gateway.doors import Endpoint
from gateway.doors.management import grants, notices
from gateway.doors.management.access import OwnHandler, admitted, refuse_root
from gateway.doors.management.door import ManagementDoor
from gateway.doors.management.problems import answered, only, refuse_unknown
from gateway.records.apps.own_tokens import OwnScope

OWN_TOKEN = "an app's own token, of the row's scope"
TABLE: tuple[tuple[str, str, OwnScope, OwnHandler], ...] = (
    ("GET", "/v1/notice-endpoint", OwnScope.NOTICES_READ, notices.show_endpoint),
    ("PUT", "/v1/notice-endpoint", OwnScope.NOTICES_MANAGE, notices.put_endpoint),
    ("GET", "/v1/notices", OwnScope.NOTICES_READ, notices.list_notices),
    ("POST", "/v1/notices/{notice}/replay", OwnScope.NOTICES_MANAGE, notices.replay_notice),
    ("GET", "/v1/grants", OwnScope.GRANTS_READ, grants.list_grants),
    ("GET", "/v1/asks", OwnScope.GRANTS_READ, grants.count_asks),
)


def endpoints(door: ManagementDoor) -> list[Endpoint]:
    """Return the table, each handler bound to the door; every other method and path is a problem too."""
    served = [
        Endpoint(method, path, answered(admitted(scope, handle), door), own_check=OWN_TOKEN)
        for method, path, scope, handle in TABLE
    ]
    methods: dict[str, list[str]] = {}
    for each in served:
        methods.setdefault(each.path, []).extend(["GET", "HEAD"] if each.method == "GET" else [each.method])
    others = [Endpoint("*", path, answered(only(*taken), door), public=True) for path, taken in methods.items()]
    root = Endpoint("*", "/v1", answered(refuse_root, door), public=True)
    return [*served, *others, root, Endpoint("*", "/v1/{rest:.*}", answered(refuse_unknown, door), public=True)]
