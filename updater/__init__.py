"""The updater of the index: fetch, classify, merge, render. See README.md for the flow and CONTRIBUTING.md for the rules."""

__version__ = "0.1.0"
