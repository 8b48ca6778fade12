"""The records: what is true. Each room holds its types, its states and its tables, and the SQL on them.

Owns: rows and their named transitions. Must not know: HTTP, other rooms, who asked. Rooms do not import each other: a
foreign key is named as text, and what joins several rooms stands in `authority` or `acts`.
To add one more room: a package with `types`, `tables` and one module for each question asked of it.
"""
