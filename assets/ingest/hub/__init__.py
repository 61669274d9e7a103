"""The Hugging Face Hub, live: which models there are, how often they were downloaded, what they were made from."""
