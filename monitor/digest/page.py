"""The HTML of a digest: a page that refers to nothing, for telephones and desks, in the light and in the dark."""

from functools import cache
from typing import TYPE_CHECKING

from monitor.digest.view import View
from monitor.digest.wording import Phrases

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Template


def html(view: View) -> str:
    """Returns the page; all text in it is escaped, and its styles stand in the elements, as mail programs need it."""
    template, inliner = _machinery()
    phrases = Phrases(view.language)
    return inliner.inline(template.render(view=view, say=phrases.say))


@cache
def _machinery() -> "tuple[Template, CSSInliner]":
    """Loads templates and inliner at the first page, not with the command line."""
    from css_inline import CSSInliner
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("monitor.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("digest.html"), CSSInliner(load_remote_stylesheets=False)
