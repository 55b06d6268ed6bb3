"""The configuration: four YAML 1.2 files and a few environment variables → one `Config`.

In: a folder with monitor.yaml, sources.yaml, topics.yaml and digests.yaml. Out: frozen settings with every default
filled in, paths absolute, secrets kept out of every printout. Raised: ConfigError, with every mistake of all four files
at once, each as `file:line:column: path: what is wrong`, because whoever edits a file wants to hear it all in one go.

This is the only room that reads the environment. A key without a place in `schema` is an error: a mistyped key that is
silently ignored would be a source nobody watches.
"""

from monitor.config.addresses import is_this_machine
from monitor.config.environment import VARIABLES
from monitor.config.loading import load, load_topics
from monitor.config.moments import moment
from monitor.config.reference import Key, keys
from monitor.config.settings import (
    AddressRange,
    ChannelKind,
    ChannelSettings,
    Config,
    CrawlSettings,
    MailKind,
    MailSettings,
    ProxySettings,
    ReturnsKind,
    ReturnsSettings,
    TokenSettings,
    UserSettings,
    WebSettings,
)
from monitor.config.starting import starter
from monitor.config.values import duration, duration_text

__all__ = [
    "VARIABLES",
    "AddressRange",
    "ChannelKind",
    "ChannelSettings",
    "Config",
    "CrawlSettings",
    "Key",
    "MailKind",
    "MailSettings",
    "ProxySettings",
    "ReturnsKind",
    "ReturnsSettings",
    "TokenSettings",
    "UserSettings",
    "WebSettings",
    "duration",
    "duration_text",
    "is_this_machine",
    "keys",
    "load",
    "load_topics",
    "moment",
    "starter",
]
