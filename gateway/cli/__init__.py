"""The command line `quyen`.

Owns: what is printed, exit codes (0 done, 1 refused or failed, 2 usage), the demo.
Must not know: how anything is changed; commands act through the admin door, by its socket while a server runs.
To add one more: a command in the module of its noun, entered in `main.py`; heavy modules are imported inside commands,
so that `quyen --help` stays quick.
"""
