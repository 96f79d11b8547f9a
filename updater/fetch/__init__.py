"""Fetching: everything that yields `updater.records.Record`, and the one polite way to the network.

transport.py    pace, repetition, what counts as an answer
xml.py          strict reading of XML
normalize.py    text, names, ids, days: one form whatever the interface
build.py        Records out of normalized parts
source.py       windows of days, batches, the filter: what sources share
search_api.py   arXiv's search API (the `arxiv` package)
oai.py          arXiv's OAI-PMH
feed.py         arXiv's daily feeds
lookup.py       records for a list of ids
cache.py        where these are kept
corpus.py       records from a file
beyond.py       feeds outside arXiv
harvest.py      which source when, and what came of it
"""

from updater.fetch.beyond import Outside, outside
from updater.fetch.corpus import read_corpus
from updater.fetch.harvest import Counts, Harvest, harvest
from updater.fetch.lookup import by_id
from updater.fetch.source import Progress, Window

__all__ = ["Counts", "Harvest", "Outside", "Progress", "Window", "by_id", "harvest", "outside", "read_corpus"]
