"""The tree agrees with Certificate Transparency's published vectors and with a second, naive implementation."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    InvalidProof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_inclusion,
)

# Certificate Transparency's reference leaves, the roots of the trees of 0 to 8 of them, nodes and proofs.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
NODES = {
    (0, 0): "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    (0, 1): "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    (0, 4): "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    (1, 0): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    (1, 1): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    (1, 2): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    (1, 3): "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    (2, 0): "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 1): "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    (3, 0): "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
INCLUSION = {(0, 8): [(0, 1), (1, 1), (2, 1)], (5, 8): [(0, 4), (1, 3), (2, 0)], (2, 3): [(1, 0)], (0, 1): []}

sizes = st.integers(1, 70)


class Tree:
    """A tree grown by the code under test, with its nodes kept as a database would."""

    def __init__(self, contents: Sequence[bytes]) -> None:
        self.frontier = Frontier()
        self.nodes: dict[tuple[int, int], bytes] = {}
        for content in contents:
            for level, index, node in self.frontier.append(leaf_hash(content)):
                assert (level, index) not in self.nodes, "a stored node never changes"
                self.nodes[level, index] = node

    def get_node(self, level: int, index: int) -> bytes:
        """Read a stored node; asking for one that is not complete is an error."""
        return self.nodes[level, index]


def contents_of(size: int) -> list[bytes]:
    """Give leaves that all differ."""
    return [number.to_bytes(2) for number in range(size)]


def naive_root(contents: Sequence[bytes]) -> bytes:
    """Compute the root by the definition of RFC 9162, 2.1.1, word for word."""
    if len(contents) == 0:
        return hashlib.sha256().digest()
    if len(contents) == 1:
        return hashlib.sha256(bytes([0]) + contents[0]).digest()
    split = max(2**power for power in range(20) if 2**power < len(contents))
    return hashlib.sha256(bytes([1]) + naive_root(contents[:split]) + naive_root(contents[split:])).digest()


def naive_path(index: int, contents: Sequence[bytes]) -> list[bytes]:
    """Compute PATH(m, D[n]) by the definition of RFC 9162, 2.1.3.1."""
    if len(contents) == 1:
        return []
    split = max(2**power for power in range(20) if 2**power < len(contents))
    if index < split:
        return [*naive_path(index, contents[:split]), naive_root(contents[split:])]
    return [*naive_path(index - split, contents[split:]), naive_root(contents[:split])]


def is_valid(verify: Callable[..., None], *args: object, **named: object) -> bool:
    """Turn a check that raises into a bool."""
    try:
        verify(*args, **named)
    except InvalidProof:
        return False
    return True


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    """The roots of Certificate Transparency's leaves come out, 5dc9da79...4328 for all eight."""
    tree = Tree(LEAVES[:size])
    assert tree.frontier.root().hex() == ROOTS[size]
    assert Frontier.at(size, Tree(LEAVES).get_node).root().hex() == ROOTS[size]
    assert EMPTY_ROOT.hex() == ROOTS[0]


def test_published_nodes() -> None:
    """The published sub-roots are the stored nodes, each by its level and index."""
    tree = Tree(LEAVES)
    assert {name: tree.nodes[name].hex() for name in NODES} == NODES
    assert len(tree.nodes) == 15


@pytest.mark.parametrize("index,size", INCLUSION)
def test_published_inclusion_proofs(index: int, size: int) -> None:
    """The published audit paths come out, and verify against the published roots."""
    proof = inclusion_proof(index, size, get_node=Tree(LEAVES).get_node)
    assert [one.hex() for one in proof] == [NODES[name] for name in INCLUSION[index, size]]
    root = bytes.fromhex(ROOTS[size])
    verify_inclusion(leaf_hash(LEAVES[index]), proof, index=index, size=size, root=root)


@given(contents=st.lists(st.binary(max_size=9), max_size=70))
def test_roots_equal_the_naive_ones(contents: list[bytes]) -> None:
    """Growing leaf by leaf gives the root of the definition, and so does reading the stored nodes."""
    tree = Tree(contents)
    assert tree.frontier.root() == naive_root(contents)
    assert Frontier.at(len(contents), tree.get_node).root() == naive_root(contents)


@given(size=sizes, data=st.data())
def test_proofs_equal_the_naive_ones(size: int, data: st.DataObject) -> None:
    """The proof is, hash for hash, that of the RFC's recursive definition; older trees included."""
    contents, tree = contents_of(size), Tree(contents_of(70))
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_proof(index, size, get_node=tree.get_node) == naive_path(index, contents)
    verify_inclusion(
        leaf_hash(contents[index]), naive_path(index, contents), index=index, size=size, root=naive_root(contents)
    )


@given(size=sizes, data=st.data())
def test_frontier_goes_on_from_any_size(size: int, data: st.DataObject) -> None:
    """A frontier read back from the stored nodes, or from its peaks, appends like the one that never stopped."""
    tree = Tree(contents_of(70))
    for frontier in (Frontier.at(size, tree.get_node), Frontier(size, Frontier.at(size, tree.get_node).peaks)):
        assert frontier.size == size
        for content in contents_of(70)[size:]:
            frontier.append(leaf_hash(content))
        assert frontier.root() == tree.frontier.root()
        assert frontier.peaks == tree.frontier.peaks


@given(size=sizes, data=st.data())
def test_inclusion_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    """Another leaf, place, size, root, a changed, lost, added or swapped hash: none passes."""
    contents, tree = contents_of(size), Tree(contents_of(size))
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, get_node=tree.get_node), tree.frontier.root()
    leaf, other = leaf_hash(contents[index]), leaf_hash(b"other")
    good = {"index": index, "size": size, "root": root}
    assert is_valid(verify_inclusion, leaf, proof, **good)
    assert not is_valid(verify_inclusion, other, proof, **good)
    assert not is_valid(verify_inclusion, leaf, [*proof, other], **good)
    assert not is_valid(verify_inclusion, leaf, [other, *proof], **good)
    assert not is_valid(verify_inclusion, leaf, proof, **good | {"root": other})
    for position in range(len(proof)):
        assert not is_valid(verify_inclusion, leaf, proof[:position] + proof[position + 1 :], **good)
        assert not is_valid(verify_inclusion, leaf, [*proof[:position], other, *proof[position + 1 :]], **good)
    for wrong_index in {data.draw(st.integers(-1, 80)), index + 1, index - 1, index ^ 1} - {index}:
        assert not is_valid(verify_inclusion, leaf, proof, **good | {"index": wrong_index})


def test_short_hashes_are_no_proof() -> None:
    """A hash that is not 32 bytes is refused before it is hashed into something."""
    leaf = leaf_hash(b"")
    assert not is_valid(verify_inclusion, leaf, [b"short"], index=0, size=2, root=node_hash(leaf, b"short"))
    assert not is_valid(verify_inclusion, b"", [], index=0, size=1, root=b"")


def test_leaf_never_passes_for_a_node() -> None:
    """The children of a node, offered as a leaf, do not give the node's hash."""
    left, right = leaf_hash(b"l"), leaf_hash(b"r")
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("size,peaks", [(-1, []), (1, []), (3, [EMPTY_ROOT]), (0, [EMPTY_ROOT]), (1, [b"short"])])
def test_frontier_that_does_not_fit_is_refused(size: int, peaks: list[bytes]) -> None:
    """A frontier row that was cut or mixed up is not built upon."""
    with pytest.raises(ValueError, match="peak"):
        Frontier(size, peaks)


def test_proofs_of_what_is_not_there_are_refused() -> None:
    """Asking for a leaf beyond the tree is an error of the caller."""
    tree = Tree(LEAVES)
    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="not in a tree"):
            inclusion_proof(index, size, get_node=tree.get_node)
