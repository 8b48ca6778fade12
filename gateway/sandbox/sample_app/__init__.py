"""The sample app, a small POS: "Sổ bán hàng (mẫu)" and "Giao hàng (mẫu)" meet the gateway as any third party does.

Owns: its own tokens, sessions and pages; OAuth through authlib, with nothing of the gateway's code in it.
Must not know: anything of `gateway` but `terms` and the sandbox's page and serving mechanics.
To add one more page: a handler in `data_pages.py` (or a module beside it), its row in `app.ROUTES`, a template.
"""
