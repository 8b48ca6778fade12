"""Signed notes agree with Go's published vectors, tolerate other signers, and show every change."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.note import InvalidNote, Signer, VerifierKey, open_note, sign_note

# The vectors of golang.org/x/mod/sumdb/note.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
PETER, ENOCH = VerifierKey.parse(PETER_KEY), VerifierKey.parse(ENOCH_KEY)
NOTE = TEXT + "\n" + PETER_LINE


def peter_signer() -> Signer:
    """Read Go's private key; its base64 holds a plus sign of its own."""
    seed = base64.b64decode(PETER_SECRET.split("+", 4)[4])[1:]
    return Signer("PeterNeumann", seed)


def test_published_note_opens() -> None:
    """Go's note opens with Go's key and gives its text without the empty line."""
    assert open_note(NOTE, [PETER]) == (TEXT, [PETER])


def test_signing_gives_the_published_note() -> None:
    """Ed25519 repeats: signing Go's text with Go's key gives Go's note, byte for byte."""
    assert sign_note(TEXT, peter_signer()) == NOTE
    assert peter_signer().verifier_key.text() == PETER_KEY


def test_two_published_signatures() -> None:
    """Of two signers one may be unknown; where both are known both are named, in any order of keys."""
    both = NOTE + ENOCH_LINE
    assert open_note(both, [PETER]) == (TEXT, [PETER])
    assert open_note(both, [ENOCH, PETER]) == (TEXT, [PETER, ENOCH])
    assert open_note(NOTE + PETER_LINE, [PETER, PETER]) == (TEXT, [PETER])


def test_witness_signature_of_another_type_is_passed_over() -> None:
    """A cosignature with a timestamp (type 4, another length) neither helps nor harms."""
    cosigned = NOTE + "— witness.example " + base64.b64encode(b"\x00\x01\x02\x03" + b"t" * 72).decode() + "\n"
    assert open_note(cosigned, [PETER]) == (TEXT, [PETER])
    with pytest.raises(InvalidNote, match="no key"):
        open_note(cosigned, [ENOCH])


def test_name_or_id_alone_is_not_our_key() -> None:
    """A line that shares our key's name, or its id, but not both, is another key's."""
    blob = base64.b64decode(PETER_LINE.split(" ")[2])
    same_name = f"— PeterNeumann {base64.b64encode(b'abcd' + blob[4:]).decode()}\n"
    same_id = f"— PeterNeumanm {base64.b64encode(blob).decode()}\n"
    for line in (same_name, same_id):
        assert open_note(NOTE + line, [PETER]) == (TEXT, [PETER])
        with pytest.raises(InvalidNote, match="no key"):
            open_note(TEXT + "\n" + line, [PETER])


def test_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    """Beside a good signature a bad one of our own keys still refuses the note."""
    blob = bytearray(base64.b64decode(ENOCH_LINE.split(" ")[2]))
    blob[20] ^= 1
    bad_line = f"— EnochRoot {base64.b64encode(blob).decode()}\n"
    assert open_note(NOTE + bad_line, [PETER]) == (TEXT, [PETER])
    with pytest.raises(InvalidNote, match="EnochRoot"):
        open_note(NOTE + bad_line, [PETER, ENOCH])


def test_signature_of_another_length_is_wrong() -> None:
    """A known key's signature that is cut or prolonged is refused, as Go refuses it."""
    with pytest.raises(InvalidNote):
        open_note(TEXT + "\n" + PETER_LINE[:60] + "ABCD" + PETER_LINE[60:], [PETER])


def test_every_changed_letter_is_found() -> None:
    """Wherever one letter changes, the note is refused."""
    for position in range(len(NOTE)):
        changed = NOTE[:position] + chr(ord(NOTE[position]) ^ 1) + NOTE[position + 1 :]
        with pytest.raises(InvalidNote):
            open_note(changed, [PETER])


@pytest.mark.parametrize(
    "raw_note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        TEXT + "\n",
        TEXT + PETER_LINE,
        TEXT + "\n" + PETER_LINE[:-1],
        "\x01" + NOTE,
        "\ud800" + NOTE,
        TEXT.replace("\n", "\r\n") + "\n" + PETER_LINE,
        TEXT
        + "\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
        NOTE + "Unexpected line.\n",
        NOTE + "\n",
        NOTE + "— witness.example \n",
        NOTE + "— witness.example AAAA\n",
        NOTE + "— witness.example AAAAA\n",
        NOTE + "—witness.example AAAAAAAA\n",
        NOTE + "— wit+ness.example AAAAAAAA\n",
        TEXT + "\n" + PETER_LINE * 101,
        NOTE.replace("nAM=", "nAN="),  # the same bytes: only base64's loose bits differ
    ],
)
def test_malformed_notes_are_refused(raw_note: str) -> None:
    """Go's list of malformed notes, and some more, open with no key."""
    with pytest.raises(InvalidNote):
        open_note(raw_note, [PETER])


def test_hundred_signatures_are_read() -> None:
    """The limit is a hundred lines; the standard asks for sixteen at least."""
    assert open_note(TEXT + "\n" + PETER_LINE * 100, [PETER]) == (TEXT, [PETER])


def test_note_without_trusted_keys_never_opens() -> None:
    """No keys, no trust."""
    with pytest.raises(InvalidNote, match="no key"):
        open_note(NOTE, [])


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")).map(lambda text: text + "\n"))
def test_any_text_that_may_be_signed_opens(text: str) -> None:
    """Empty lines, dashes and whole notes inside the text do not confuse the reading."""
    for body in (text, text + NOTE + text):
        assert open_note(sign_note(body, peter_signer()), [PETER]) == (body, [PETER])


@pytest.mark.parametrize("text", ["", "abc", "a\tb\n", "a\x00\n", "\ud800\n"])
def test_text_that_no_note_may_carry_is_not_signed(text: str) -> None:
    """No signature is made over what no verifier would read."""
    with pytest.raises(InvalidNote):
        sign_note(text, peter_signer())
    with pytest.raises(InvalidNote, match="signature"):
        sign_note(TEXT)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u00a0b", "\ud800", "a\x00"])
def test_names_that_no_key_may_have(name: str) -> None:
    """Spaces of any kind, plus signs and control characters are in no key's name."""
    with pytest.raises(InvalidNote):
        VerifierKey(name, b"\x01" * 32)


def test_mangled_verifier_keys_are_refused() -> None:
    """Go's manglings: every substring, every raised letter, a longer key and another algorithm."""
    length = len(PETER_KEY)
    pieces = {PETER_KEY[begin:end] for begin in range(length) for end in range(begin, length + 1)} - {PETER_KEY}
    raised = {PETER_KEY[:at] + chr(ord(PETER_KEY[at]) + 1) + PETER_KEY[at + 1 :] for at in range(length)}
    others = {
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER_KEY + "\n",
    }
    for key in pieces | raised | others:
        with pytest.raises(InvalidNote):
            VerifierKey.parse(key)


def test_signer_does_not_show_its_seed() -> None:
    """A signer in a traceback shows its public key."""
    assert repr(peter_signer()) == f"Signer({PETER_KEY})"
