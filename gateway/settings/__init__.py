"""The settings: the only reader of the environment.

Every name begins with `QUYEN_`; nested ones use `__`; a secret may stand in a file named by `<NAME>_FILE`. Unknown
names and unsafe combinations refuse to start, with one sentence each.

Owns: the names, kinds and defaults of all settings, and what is unsafe together.
Must not know: the server and the commands that they are for.
To add one more setting: a field in `settings.py`, of a kind from `kinds.py`, and `quyen config docs`.
"""

from gateway.settings.reading import PREFIX, SettingsRefused, demo_port, find_catalogue, read_settings
from gateway.settings.settings import Settings

__all__ = ["PREFIX", "Settings", "SettingsRefused", "demo_port", "find_catalogue", "read_settings"]
