"""The developers' console: my apps, what each asks, its keys, how often each ask was agreed to, refused, taken back.

Owns: these pages. Must not know: another developer's app, which is as unknown as none; who decided: it counts only.
To add one more page: a frozen view with its template, a module with its handler, a row in `endpoints.py`.
"""
