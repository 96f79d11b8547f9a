"""Render: from the data to the README, the website, the feeds, the exports and the API.

The flow inside, each module with one job::

    catalogue   the index as a reader meets it: sorted, counted, cross-linked          (updater.index → Catalogue)
    related     neighbours by shared terms          layout   positions on the map
    charts      geometry of the pictures            citations  BibTeX, RIS, CSL-JSON, CSV
    readme      README.md                           feeds, exports, api   what programs read
    engine      MkDocs or Zensical builds the hand-written pages and one empty frame
    frame       that frame, ready to be filled      pages    every generated page, thousands of them
    search      the search index (Pagefind)         build    all of it, in order

Templates, pages, styles and scripts are files under site/. Same data, same bytes.
"""
