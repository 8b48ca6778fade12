"""The stand-in's one room: everything that a request may meet, made once from config, clock and entropy."""

from dataclasses import dataclass

from gateway.sandbox.kiotviet.config import KiotVietSandboxConfig
from gateway.sandbox.kiotviet.limits import HourLimit
from gateway.sandbox.kiotviet.seeds import SHOPS
from gateway.sandbox.kiotviet.state import State
from gateway.sandbox.kiotviet.stocking import stock_shop
from gateway.sandbox.kiotviet.switches import Switches
from gateway.sandbox.kiotviet.telling import Teller
from gateway.sandbox.kiotviet.tokens import TokenBook
from gateway.sandbox.received import ReceivedLog
from gateway.sandbox.switching import SwitchBoard
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy


@dataclass(frozen=True)
class Room:
    """What handlers share."""

    config: KiotVietSandboxConfig
    clock: Clock
    state: State
    tokens: TokenBook
    received: ReceivedLog
    board: SwitchBoard[Switches]
    limit: HourLimit
    teller: Teller


def build_room(config: KiotVietSandboxConfig, clock: Clock, *, entropy: Entropy) -> Room:
    """Open the state and lay out the rest; a shop that this state does not know is stocked."""
    state = State(config.state_path)
    for retailer, seed in SHOPS.items():
        if retailer not in state.snapshot.shops:
            state.snapshot.shops[retailer] = stock_shop(seed, clock.now())
    board = SwitchBoard(Switches())
    return Room(
        config=config,
        clock=clock,
        state=state,
        tokens=TokenBook(state, clock, entropy=entropy),
        received=ReceivedLog(clock),
        board=board,
        limit=HourLimit(),
        teller=Teller(state, board, entropy=entropy),
    )
