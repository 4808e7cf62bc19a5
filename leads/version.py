"""The version of the program: part of every run's record, and of the package."""

VERSION = "0.1.0"
