"""The words that every floor speaks: ids, clock, entropy, refusals.

Owns: NewType ids, `Clock`, `Entropy`, `Refusal`, `Unavailable`, `Resources`. Must not know: anything
else; imports nothing of ours.
To add one more: a module of its own, one idea, no behaviour that needs I/O.
"""
