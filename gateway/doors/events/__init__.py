"""Events: what platforms tell comes in by webhook, goes out to apps filtered and signed; and notices on grants.

Owns: whose telling is believed, and the sending itself: who is asked when, how many at once, what an answer means.
Must not know: what a notice says, who may hear of an event (the authority), how a try is written down (acts do that).
To add one more platform: its hooks in `gateway/platforms`, its events in the catalogue; `gateway/server` wires them.
"""
