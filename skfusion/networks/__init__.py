"""Network architectures: torch modules, no files, no estimators."""
