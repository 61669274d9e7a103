"""ModelScope, live and experimental: all-time download counters of the registry's publishers.

Here: the folder of the client. Not here: the Hub of Hugging Face (`hub/`), what counters become (`assets/adoption`).
"""
