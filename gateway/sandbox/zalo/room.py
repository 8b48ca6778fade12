"""The sandbox's one room: everything that a request may meet, made once from config, clock and entropy."""

from collections.abc import Mapping
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
from gateway.sandbox.zalo.state import OtherTokens, State
from gateway.sandbox.zalo.switches import Switches
from gateway.sandbox.zalo.telling import Teller
from gateway.sandbox.zalo.tokens import OA_LIFETIMES, SOCIAL_LIFETIMES, Held, TokenBook
from gateway.terms.clock import Clock
from gateway.terms.entropy import Entropy


@dataclass(frozen=True)
class Room:
    """What handlers share; `books` and `limits` are those of each app, by its id."""

    config: ZaloSandboxConfig
    clock: Clock
    books: Mapping[str, TokenBook]
    social_tokens: TokenBook
    chat: ChatBook
    cards: CardBook
    files: FileShelf
    received: ReceivedLog
    board: SwitchBoard[Switches]
    teller: Teller
    limits: Mapping[str, MinuteLimit]
    social_limits: SocialLimits
    pages: Pages

    @property
    def tokens(self) -> TokenBook:
        """The first app's."""
        return self.books[self.config.app_id]


def build_room(config: ZaloSandboxConfig, clock: Clock, *, entropy: Entropy) -> Room:
    """Open the state and lay out the rest; the chats are seeded if this state never was."""
    state = State(config.state_path)
    kept, board = state.snapshot, SwitchBoard(Switches())
    social, held = Held(kept.social_codes, kept.social_tokens), {config.app_id: Held(kept.codes, kept.tokens)}
    for app in config.others:
        other = kept.others.setdefault(app.app_id, OtherTokens())
        held[app.app_id] = Held(other.codes, other.tokens)
    books = {
        app_id: TokenBook(state, clock, entropy=entropy, held=own, lifetimes=OA_LIFETIMES)
        for app_id, own in held.items()
    }
    return Room(
        config=config,
        clock=clock,
        books=books,
        social_tokens=TokenBook(
            state,
            clock,
            entropy=entropy,
            held=social,
            lifetimes=SOCIAL_LIFETIMES,
            has_each=lambda: board.current.social_pairs == "each",
        ),
        chat=ChatBook(state, clock, entropy=entropy),
        cards=CardBook(state),
        files=FileShelf(state, clock, entropy=entropy),
        received=ReceivedLog(clock),
        board=board,
        teller=Teller(config, clock, board=board, books=books),
        limits={app_id: MinuteLimit() for app_id in books},
        social_limits=SocialLimits(),
        pages=Pages(Path(__file__).parent),
    )
