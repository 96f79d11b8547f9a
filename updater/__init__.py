"""The updater of the index: fetch, classify, merge, render.

README.md tells the flow, CONTRIBUTING.md the rules.
"""

__version__ = "0.1.0"
