"""The Merkle tree of RFC 9162, as pure arithmetic on hashes: appending, proofs, and the checking of proofs.

A node is named by (level, index): level 0 are the leaves, and node (l, i) is the root over leaves i * 2**l up to
(i + 1) * 2**l. Only such complete nodes are stored, and a stored node never changes; what lies at the ragged right
edge is computed when it is asked for.

Source: RFC 9162 sections 2.1.1 to 2.1.3 (hashes as in RFC 6962, so its tools and test vectors apply).
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node = tuple[int, int, bytes]  # level, index, hash: a complete node, as it is stored
GetNode = Callable[[int, int], bytes]  # level, index -> hash


class InvalidProof(Exception):
    """The proof does not show what it was offered for."""


def leaf_hash(content: bytes) -> bytes:
    """Hash a leaf; the prefix byte keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a tree: all that appending needs.

    Args:
        size: leaves so far.
        peaks: hashes of the complete subtrees of which a tree of that size consists, largest first; one for each set
            bit of `size`.

    Raises:
        ValueError: the peaks do not fit the size.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in peaks):
            raise ValueError("one peak of 32 bytes for each set bit of the size")
        self._size = size
        self._peaks = list(peaks)

    @classmethod
    def at(cls, size: int, get_node: GetNode) -> "Frontier":
        """Read the frontier of a tree of `size` leaves from its stored nodes."""
        return cls(size, [get_node(level, index) for level, index in _peak_names(size)])

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The complete subtrees, largest first."""
        return tuple(self._peaks)

    def append(self, hashed_leaf: bytes) -> list[Node]:
        """Add a leaf.

        Returns:
            (level, index, hash) of the nodes that are complete now and were not before: the leaf itself, then each
            parent that it completes.
        """
        level, index, top = 0, self._size, hashed_leaf
        nodes = [(level, index, top)]
        while index & 1:  # a right child: its parent is complete
            level, index, top = level + 1, index >> 1, node_hash(self._peaks.pop(), top)
            nodes.append((level, index, top))
        self._peaks.append(top)
        self._size += 1
        return nodes

    def root(self) -> bytes:
        """Return the root hash of the tree so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def inclusion_proof(index: int, size: int, *, get_node: GetNode) -> list[bytes]:
    """Prove that leaf `index` is in the tree of `size` leaves.

    Returns:
        The hashes from the leaf's sibling up to the child of the root (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        split = begin + _split(end - begin)
        if index < split:
            proof.append(_range_root(split, end, get_node=get_node))
            end = split
        else:
            proof.append(_range_root(begin, split, get_node=get_node))
            begin = split
    return proof[::-1]


def verify_inclusion(hashed_leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes) -> None:
    """Check that the leaf stands at `index` of the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    Raises:
        InvalidProof: it does not, or the proof is not made of 32-byte hashes.
    """
    _check_hashes(hashed_leaf, root, *proof)
    if not 0 <= index < size:
        raise InvalidProof(f"leaf {index} is not in a tree of {size}")
    number, last, computed = index, size - 1, hashed_leaf
    for sibling in proof:
        if last == 0:
            raise InvalidProof("the proof is too long")
        if number & 1 or number == last:
            computed = node_hash(sibling, computed)
            while number and not number & 1:  # lone right edges have no sibling at these levels
                number, last = number >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        number, last = number >> 1, last >> 1
    if last or computed != root:
        raise InvalidProof("the leaf does not lead to this root")


def _range_root(begin: int, end: int, *, get_node: GetNode) -> bytes:
    """Return the root over leaves [begin, end), where `begin` is a multiple of the range's largest complete subtree."""
    root = b""
    while begin < end:  # from the right: smallest subtree first
        level = _lowest_bit(end - begin)
        end -= 1 << level
        peak = get_node(level, end >> level)
        root = node_hash(peak, root) if root else peak
    return root


def _peak_names(size: int) -> list[tuple[int, int]]:
    levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
    return [(level, (size >> level) - 1) for level in levels]


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _lowest_bit(number: int) -> int:
    return (number & -number).bit_length() - 1


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise InvalidProof("a hash has 32 bytes")
