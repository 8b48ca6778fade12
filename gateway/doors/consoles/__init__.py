"""The consoles: pages for those who run the gateway and those who build on it.

Owns: the operators' log and the developers' pages. Must not know: each other; how a record is changed (a look-up and an
export go through acts). To add one more: a package with its door, views, templates and `endpoints`, and a row in
`gateway/server/doors.py`; a part that is not begun stands in no menu.
"""
