"""The data of the index: models, files, checks."""
