"""The sandbox's one room: everything that a request may meet, made once from config, clock and entropy."""

from dataclasses import dataclass
from pathlib import Path

from gateway.sandbox.pages import Pages
from gateway.sandbox.received import ReceivedLog
from gateway.sandbox.switching import SwitchBoard
from gateway.sandbox.zalo.cards import CardBook
from gateway.sandbox.zalo.chat import ChatBook
from gateway.sandbox.zalo.config import ZaloSandboxConfig
from gateway.sandbox.zalo.files import FileShelf
from gateway.sandbox.zalo.limits import MinuteLimit, SocialLimits
from gateway.sandbox.zalo.state import State
from gateway.sandbox.zalo.switches import Switches
from gateway.sandbox.zalo.telling import Teller
from gateway.sandbox.zalo.tokens import OA_LIFETIMES, SOCIAL_LIFETIMES, Held, TokenBook
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy


@dataclass(frozen=True)
class Room:
    """What handlers share."""

    config: ZaloSandboxConfig
    clock: Clock
    tokens: TokenBook
    social_tokens: TokenBook
    chat: ChatBook
    cards: CardBook
    files: FileShelf
    received: ReceivedLog
    board: SwitchBoard[Switches]
    teller: Teller
    limit: MinuteLimit
    social_limits: SocialLimits
    pages: Pages


def build_room(config: ZaloSandboxConfig, clock: Clock, *, entropy: Entropy) -> Room:
    """Open the state and lay out the rest; the chats are seeded if this state never was."""
    state = State(config.state_path)
    kept = state.snapshot
    oa, social = Held(kept.codes, kept.tokens), Held(kept.social_codes, kept.social_tokens)
    board, tokens = SwitchBoard(Switches()), TokenBook(state, clock, entropy=entropy, held=oa, lifetimes=OA_LIFETIMES)
    return Room(
        config=config,
        clock=clock,
        tokens=tokens,
        social_tokens=TokenBook(state, clock, entropy=entropy, held=social, lifetimes=SOCIAL_LIFETIMES),
        chat=ChatBook(state, clock, entropy=entropy),
        cards=CardBook(state),
        files=FileShelf(state, clock, entropy=entropy),
        received=ReceivedLog(clock),
        board=board,
        teller=Teller(config, clock, board=board, tokens=tokens),
        limit=MinuteLimit(),
        social_limits=SocialLimits(),
        pages=Pages(Path(__file__).parent),
    )
