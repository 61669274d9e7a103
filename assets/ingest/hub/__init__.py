"""The Hugging Face Hub, live: which models there are, how often they were downloaded, what they were made from."""

import os

# The library reads this when it is imported; without it, it asks the Hub which programs it may run inside of.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
