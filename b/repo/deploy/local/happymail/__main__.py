"""``python3 -m happymail COMMAND``: see ``cli.py``."""

from happymail.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
