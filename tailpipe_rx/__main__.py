"""``python -m tailpipe_rx``: the command line."""

from tailpipe_rx.cli import main

if __name__ == "__main__":  # worker processes import this file
    main()
