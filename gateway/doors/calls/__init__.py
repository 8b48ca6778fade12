"""The calls' door: the enforcing proxy. Match, authenticate, verdict, open the trace, forward, filter, close the trace.

Owns: the six steps of a call and the errors of a caller's dialect. Must not know: how a grant came to be, what a
platform means by its answers (its connector says). To add one more: a step is a module of its own; match, verdict and
filter stay without I/O. A reason to refuse is a row in `problems.PROBLEMS`; a dialect is a row in
`records/apps/dialects.py` and a renderer.

One call, in order: `server` (aiohttp in), `head`, `walk`, `credentials`, `admission` (match, query, body; a file:
`uploading`, `multipart`), `pacing`, `forwarding` (trace, last check, `upstream`, `coding`, filter), `incoming` (the
answer's way out). `flight` cuts it.
"""
