"""Enriching: facts that other services keep about what is listed. Only what is empty is filled in; no answer, no data.

cache.py     what was asked, and when, in the user's cache folder
github.py    stars, licence, archived, newest release
openalex.py  journals and citation counts
run.py       one run: what is due, the changes, the report
"""
