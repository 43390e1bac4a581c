"""The documentation site: `sphinx-build -W docs site`, without the network."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import jaxmmo

project = "jaxmmo"
author = "the jaxmmo authors"
project_copyright = "the jaxmmo authors; MIT licence"
release = version = jaxmmo.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "generated",
]
# other projects' objects are linked where their lists can be had: the build itself stays offline
if os.environ.get("JAXMMO_DOCS_ONLINE"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "jax": ("https://docs.jax.dev/en/latest", None),
        "flax": ("https://flax.readthedocs.io/en/latest", None),
        "optax": ("https://optax.readthedocs.io/en/latest", None),
    }

exclude_patterns = ["_ext", "_static"]
myst_enable_extensions = ["colon_fence", "deflist", "attrs_block"]
myst_heading_anchors = 4
suppress_warnings = [
    "mystnb.unknown_mime_type",
    "ref.python",  # several classes are called Environment: each is right in its module
]
nb_execution_mode = "off"  # notebooks are shown as they were executed

autodoc_default_options = {"members": True, "show-inheritance": False, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# what the adapters wrap need not be there for them to be described
autodoc_mock_imports = ["pettingzoo", "gymnasium", "jaxmarl", "gymnax", "jumanji", "torch"]
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # attributes are listed once, where the class lists them
default_role = "code"

html_theme = "furo"
html_title = f"jaxmmo {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
