"""From classified records to changed entries: identity, merging, venues, the report."""
