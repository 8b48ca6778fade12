"""Local stand-ins of the platforms, and a sample app: what the demo shows and what tests call instead of the world.

Owns: a package for each platform (`zalo/`, `kiotviet/`), the sample app, the front page of the stand-ins, how they are
served, and what they have in common: arrivals, faults, control paths.
Must not know: anything of the gateway but `terms`; a stand-in that shared code with the gateway would prove nothing.
To add one more platform: a package with a `ROOM` key and `mount(app, config, clock, entropy)`, a field in `config.py`,
a line in `__main__.py` and an entry in `front.py`.
"""
