"""The table of probes that RFCs decide: what is asked of any OAuth server, and how it must answer.

Our own policy (limits, what is refused beyond the RFCs) is not here: the other files of `tests/protocol` hold it.
"""

from tests.protocol.probes.about import ABOUT
from tests.protocol.probes.asking import AUTHORIZE, PUSHES
from tests.protocol.probes.clients import CLIENTS
from tests.protocol.probes.devices import DEVICES
from tests.protocol.probes.possession import PROOFS
from tests.protocol.probes.tokens import TOKENS
from tests.protocol.probing import Probe

TABLE: tuple[Probe, ...] = (*CLIENTS, *TOKENS, *PUSHES, *AUTHORIZE, *ABOUT, *DEVICES, *PROOFS)
