"""Roxham: watches news and government sources, keeps each article once, tells each reader once."""
