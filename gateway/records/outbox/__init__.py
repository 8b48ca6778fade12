"""Notices to apps: what is to be sent, where to, under which keys, and what came of it.

Owns: an app's endpoint and its signing keys (sealed), the notices with their tries, the wire form of a notice, its
signatures and the times of its tries.
Must not know: grants (their room says what an app is told), HTTP, who sends.
To add one more event: a member of `Event`, and a row in `_EVENTS` of `gateway/acts` for the kind of record that it
follows.
"""
