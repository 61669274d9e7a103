"""Reference figures, live: sizes of economies that agencies publish as files, fetched where they changed.

Here: the folder of the client. Not here: figures that come with the program (`assets/ingest/figures.py`).
"""
