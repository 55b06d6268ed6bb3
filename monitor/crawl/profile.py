"""How Scrapy is set up: what is on is listed here, everything else is off.

Scrapy's defaults suit a tool run by hand. Several are unfit for a service: a port that runs Python, a telnet console,
certificates that nobody checks, files read through file:// addresses, answers of 1 GiB.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

MAX_REDIRECTS = 5


def settings(
    *,
    user_agent: str,
    timeout: timedelta,
    max_bytes: int,
    allow_private: Sequence[str],
) -> dict[str, Any]:
    """Returns Scrapy's settings for every crawl. Holds plain values only: Scrapy copies settings deeply."""
    download = "monitor.crawl.download."
    return {
        # where and how it runs
        "SPIDER_MODULES": ["spiders"],
        "TWISTED_REACTOR_ENABLED": False,  # the only switch back to Twisted's asyncio reactor
        "WARN_ON_GENERATOR_RETURN_VALUE": False,  # reads the source of each callback
        "LOG_ENABLED": False,
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "STATS_DUMP": False,
        # nothing that listens, mails, dumps or remembers
        "EXTENSIONS_BASE": {},
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "ITEM_PIPELINES_BASE": {},
        "HTTPCACHE_ENABLED": False,  # it would hide a 304
        "COOKIES_ENABLED": False,
        "RETRY_ENABLED": False,  # it knows no Retry-After; a later visit is the retry
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        # what a request passes through
        "SPIDER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES_BASE": {
            "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
            download + "Decompression": 590,
            download + "Redirects": 600,
        },
        "DOWNLOAD_HANDLERS": {
            "http": download + "Handler",
            "https": download + "Handler",
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "EGRESS_ALLOWED": list(allow_private),
        "USER_AGENT": user_agent,
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        # bounds
        "DOWNLOAD_TIMEOUT": timeout.total_seconds(),
        "DOWNLOAD_MAXSIZE": max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": False,  # a feed that broke off may still hold whole items
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_TLS_MIN_VERSION": "TLSv1.2",
        # Scrapy counts a request that waits for its host as under way, so that one slow host would hold up all others,
        # and knows one crawl only: it hands over everything, and the leash lets go what may leave (politeness.py).
        "CONCURRENT_REQUESTS": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2**31,
        "DOWNLOAD_DELAY": 0.0,
        "CONCURRENT_ITEMS": 1,  # the default starts 100 tasks for each answer
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    }
