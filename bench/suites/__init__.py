"""Suites that come with bench, as TOML files."""
