"""The Hugging Face Hub, live: which models there are, how often they were downloaded, what they were made from."""

import os

# The library reads these when it is imported. Without the first it asks the Hub which programs it may run inside of.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# Its second way of fetching files goes past the session, where nothing bounds it.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
