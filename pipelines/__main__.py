"""``python -m pipelines``: the command line where the ``atlas`` program is not installed."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
