"""The command line: one file per command, errors as one line, exit codes 0, 1 and 2."""
