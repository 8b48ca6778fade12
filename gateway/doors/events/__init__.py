"""Events: signed notices out to apps, when what they were granted became less, or other.

Owns: the sending itself: who is asked when, how many at once, what an answer means.
Must not know: what a notice says; how a try is written down (acts do that).
To add one more: platform webhooks come in here too, once there are any; `gateway/server/running.py` starts what runs.
"""
