#!/usr/bin/env python
"""The command line in a checkout: ``manage.py help`` lists the commands. Installed, it is called ``procmine``."""

from procmine.__main__ import main

if __name__ == "__main__":
    main()
