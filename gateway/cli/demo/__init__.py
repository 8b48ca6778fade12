"""The demo: the main job on the embedded default, with a sandbox for the platform and a sample app.

Owns: the folder `.demo`, three processes, the seeds. Must not know: how anything works inside; it acts as people and
operators do, by the command table and over HTTP. To add one more platform: its sandbox settings in `files.py`, its
seeds in `seeds.py`.
"""
