"""Contributing: from a reference or an issue form to an entry, and what a change adds.

reference.py    what a contributor may name: an arXiv id, a DOI, an address
page.py         a web page's own metadata
metadata.py     a reference's facts, from arXiv, Crossref, OpenReview, GitHub or the page
add.py          from facts and a verdict to an entry, duplicates recognized
forms.py        issue forms: the files, and what somebody wrote into one
issue.py        an issue carried out: added, corrected, a link replaced; the answer
gaps.py         what is missing: good first contributions
links.py        trying links
difference.py   what a change adds, changes and removes
"""
