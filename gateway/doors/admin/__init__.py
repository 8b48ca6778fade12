"""The admin door: a local socket by which the command line acts while the server runs.

Owns: the table of commands that act, their arguments, and the socket beside the database (0600). Must not know: how the
command line prints. To add one more: a model of its arguments and a coroutine, entered in `commands.COMMANDS`.
"""
