"""Runs HappyMail on one machine: a private PostgreSQL, broker, SMTP sink and gateway, and the three services.

Python's standard library is all it needs. One idea per file; ``cli.py`` lists the commands, ``system.py`` shows
how the parts come up and go down, and everything they write lies in one state folder (``.local``).
"""
