"""The benchmark: what a call, a page and a withdrawal cost, beside peers that do less, in one run on one machine.

Owns: the peers, the load, the figures. Must not know: how the gateway works inside; it is measured from outside.
To add one more: a peer in `peers.py`, or a figure in `__main__.py`.
"""
