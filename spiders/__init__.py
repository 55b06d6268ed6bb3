"""One file, one kind of source; Scrapy's loader finds it by name, and `Source.kind` is that name."""
