"""The tree agrees with Certificate Transparency's published vectors and with a second, naive implementation."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.records.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    InvalidProof,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    verify_consistency,
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
CONSISTENCY = {(1, 8): [(0, 1), (1, 1), (2, 1)], (6, 8): [(1, 2), (1, 3), (2, 0)], (2, 5): [(1, 1), (0, 4)], (1, 1): []}

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


def naive_subproof(old_size: int, contents: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    """Compute SUBPROOF(m, D[n], b) by the definition of RFC 9162, 2.1.4.1."""
    if old_size == len(contents):
        return [] if is_whole else [naive_root(contents)]
    split = max(2**power for power in range(20) if 2**power < len(contents))
    if old_size <= split:
        return [*naive_subproof(old_size, contents[:split], is_whole=is_whole), naive_root(contents[split:])]
    right = naive_subproof(old_size - split, contents[split:], is_whole=False)
    return [*right, naive_root(contents[:split])]


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
    assert root_at(size, Tree(LEAVES).get_node).hex() == ROOTS[size]
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


@pytest.mark.parametrize("old_size,new_size", CONSISTENCY)
def test_published_consistency_proofs(old_size: int, new_size: int) -> None:
    """The published consistency proofs come out, and verify against the published roots."""
    proof = consistency_proof(old_size, new_size, get_node=Tree(LEAVES).get_node)
    assert [one.hex() for one in proof] == [NODES[name] for name in CONSISTENCY[old_size, new_size]]
    old_root, new_root = bytes.fromhex(ROOTS[old_size]), bytes.fromhex(ROOTS[new_size])
    verify_consistency(proof, old_size=old_size, old_root=old_root, new_size=new_size, new_root=new_root)


@given(contents=st.lists(st.binary(max_size=9), max_size=70))
def test_roots_equal_the_naive_ones(contents: list[bytes]) -> None:
    """Growing leaf by leaf gives the root of the definition, and so does reading the stored nodes."""
    tree = Tree(contents)
    assert tree.frontier.root() == naive_root(contents)
    assert root_at(len(contents), tree.get_node) == naive_root(contents)


@given(size=sizes, data=st.data())
def test_proofs_equal_the_naive_ones(size: int, data: st.DataObject) -> None:
    """Both kinds of proof are, hash for hash, those of the RFC's recursive definitions; older trees included."""
    contents, tree = contents_of(size), Tree(contents_of(70))
    index, old_size = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert inclusion_proof(index, size, get_node=tree.get_node) == naive_path(index, contents)
    proof = consistency_proof(old_size, size, get_node=tree.get_node)
    assert proof == naive_subproof(old_size, contents, is_whole=True)
    verify_inclusion(
        leaf_hash(contents[index]), naive_path(index, contents), index=index, size=size, root=naive_root(contents)
    )
    verify_consistency(
        proof,
        old_size=old_size,
        old_root=naive_root(contents[:old_size]),
        new_size=size,
        new_root=naive_root(contents),
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


@given(sizes=st.tuples(sizes, sizes), data=st.data())
def test_consistency_holds_for_nothing_else(sizes: tuple[int, int], data: st.DataObject) -> None:
    """A fork, a rewritten past, other sizes, or a changed, lost or added hash: none passes."""
    old_size, new_size = sorted(sizes)
    assume(old_size < new_size)
    tree = Tree(contents_of(new_size))
    proof = consistency_proof(old_size, new_size, get_node=tree.get_node)
    old_root, new_root = root_at(old_size, tree.get_node), tree.frontier.root()
    good = {"old_size": old_size, "old_root": old_root, "new_size": new_size, "new_root": new_root}
    other = leaf_hash(b"other")
    assert is_valid(verify_consistency, proof, **good)
    assert not is_valid(verify_consistency, proof, **good | {"old_root": other})
    assert not is_valid(verify_consistency, proof, **good | {"new_root": other})
    assert not is_valid(verify_consistency, [*proof, other], **good)
    assert not is_valid(verify_consistency, [other, *proof], **good)
    assert not is_valid(verify_consistency, proof, **good | {"old_size": new_size, "new_size": old_size})
    for position in range(len(proof)):
        assert not is_valid(verify_consistency, proof[:position] + proof[position + 1 :], **good)
        assert not is_valid(verify_consistency, [*proof[:position], other, *proof[position + 1 :]], **good)
    rewritten = contents_of(new_size)
    rewritten[data.draw(st.integers(0, old_size - 1))] = b"rewritten"
    fork = Tree(rewritten)
    forked = consistency_proof(old_size, new_size, get_node=fork.get_node)
    assert not is_valid(verify_consistency, forked, **good | {"new_root": fork.frontier.root()})


def test_consistency_at_the_edges() -> None:
    """From nothing to anything needs no proof; equal sizes need equal roots; nothing has one root only."""
    one, other = leaf_hash(b"1"), leaf_hash(b"2")
    cases = [
        (([], 0, EMPTY_ROOT, 5, one), True),
        (([], 0, one, 5, one), False),
        (([one], 0, EMPTY_ROOT, 5, one), False),
        (([], 5, one, 5, one), True),
        (([], 5, one, 5, other), False),
        (([one], 5, one, 5, one), False),
        (([], 0, EMPTY_ROOT, 0, EMPTY_ROOT), True),
        (([], 0, EMPTY_ROOT, 0, one), False),
        (([], 0, one, 0, one), False),
        (([], 3, one, 5, one), False),
        (([], -1, EMPTY_ROOT, 5, one), False),
    ]
    for (proof, old_size, old_root, new_size, new_root), expected in cases:
        named = {"old_size": old_size, "old_root": old_root, "new_size": new_size, "new_root": new_root}
        assert is_valid(verify_consistency, proof, **named) is expected, named


def test_short_hashes_are_no_proof() -> None:
    """A hash that is not 32 bytes is refused before it is hashed into something."""
    leaf = leaf_hash(b"")
    assert not is_valid(verify_inclusion, leaf, [b"short"], index=0, size=2, root=node_hash(leaf, b"short"))
    assert not is_valid(verify_inclusion, b"", [], index=0, size=1, root=b"")
    named = {"old_size": 1, "old_root": leaf, "new_size": 2, "new_root": node_hash(leaf, b"short")}
    assert not is_valid(verify_consistency, [b"short"], **named)


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
    """Asking for a leaf beyond the tree or for a shrinking tree is an error of the caller."""
    tree = Tree(LEAVES)
    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="not in a tree"):
            inclusion_proof(index, size, get_node=tree.get_node)
    for old_size, new_size in ((5, 4), (-1, 4)):
        with pytest.raises(ValueError, match="does not continue"):
            consistency_proof(old_size, new_size, get_node=tree.get_node)
