"""The composition root: wires everything, decides nothing.

Owns: which parts exist (the registries of platforms and doors), the order of opening and closing, the listeners.
Must not know: any rule; nothing here asks why.
To add one more: a platform is a row in `platforms.py`, a door a row in `doors.py`.
"""
