"""Directives whose content comes from the code: what they show cannot be out of date."""

from __future__ import annotations

import html
import inspect
from typing import Any

import jax
from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import jaxmmo
from jaxmmo import spec as specs
from jaxmmo.cli.main import COMMANDS, build_parser

OUTSIDE = {"../benchmarks/README.md": "benchmarks.md", "../CHANGELOG.md": "changes.md"}
"""Pages of the site by the files that they show."""


class Observations(SphinxDirective):
    """The tables that a preset's agents observe: `{jaxmmo-observations} PRESET`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """One table for each table of the spec."""
        spec = jaxmmo.make(self.arguments[0]).spec
        found: list[nodes.Node] = []
        shown = [
            (t.name, f"{t.rows} rows{', one table a world' if t.shared else ''}", t.attributes)
            for t in spec.tables
        ]
        shown.append(("tile", f"{spec.window} x {spec.window} tiles", spec.tile))
        for name, rows, attributes in shown:
            lines = [[a.name, f"{a.low} to {a.high}", _reading(a)] for a in attributes]
            found.append(_table(f"{name}, {rows}", ["attribute", "values", "as an input"], lines))
        return found


class Actions(SphinxDirective):
    """The heads of a preset's action: `{jaxmmo-actions} PRESET`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """One row for each head."""
        spec = jaxmmo.make(self.arguments[0]).spec
        rows = []
        for head in spec.heads:
            choices = f"a row of the table `{head.table}`" if head.table else f"{head.size} choices"
            rows.append([head.name, choices, f"`{head.given}`" if head.given else "none"])
        return [_table("the action", ["head", "choices", "decided after, and given"], rows)]


class Spaces(SphinxDirective):
    """Shapes and dtypes of a preset's packed observation: `{jaxmmo-spaces} PRESET`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """One row for each array."""
        env = jaxmmo.make(self.arguments[0])
        obs = jax.eval_shape(env.reset, jax.random.key(0))[0]
        rows = []
        for path, leaf in jax.tree_util.tree_leaves_with_path(obs):
            name = jax.tree_util.keystr(path, simple=True, separator=".")
            rows.append([f"`{name}`", str(leaf.dtype), " x ".join(map(str, leaf.shape))])
        return [_table("the observation", ["array", "dtype", "shape"], rows)]


class RulesTable(SphinxDirective):
    """Every number of a game and its value in some of its presets: `{jaxmmo-rules} PRESET ...`."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """One row for each rule; long arrays by their size."""
        presets = self.arguments[0].split()
        columns = [jaxmmo.make(name).default_rules() for name in presets]
        rows = []
        for name in vars(columns[0]):
            rows.append([f"`{name}`", *(_number(getattr(rules, name)) for rules in columns)])
        return [_table("the rules", ["rule", *presets], rows)]


class Tick(SphinxDirective):
    """The systems that a tick of a preset runs, in order: `{jaxmmo-tick} PRESET`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A list drawn as a chain."""
        items = []
        for system in jaxmmo.preset(self.arguments[0]).systems:
            first = (inspect.getdoc(system.run) or "").split("\n\n")[0].replace("\n", " ")
            module = system.run.__module__.replace(".", "/") + ".py"
            told = f"; told as <code>events.{system.event}</code>" if system.event else ""
            items.append(
                f"<li><strong>{html.escape(system.name)}</strong>"
                f"<span>{html.escape(first)}</span>"
                f'<span class="where">{html.escape(module)}{told}</span></li>'
            )
        return [nodes.raw("", f'<ol class="jaxmmo-tick">{"".join(items)}</ol>', format="html")]


class Commands(SphinxDirective):
    """The help of every command: `{jaxmmo-commands}`."""

    def run(self) -> list[nodes.Node]:
        """A literal block for each."""
        found: list[nodes.Node] = []
        for command in COMMANDS:
            parser = build_parser(command)
            groups = [a for a in parser._actions if hasattr(a, "choices") and a.choices]
            (sub,) = (g.choices[command] for g in groups if command in (g.choices or {}))
            title = f"jaxmmo {command}"
            section = nodes.section(ids=[nodes.make_id(title)])
            section += nodes.title(text=title)
            section += nodes.literal_block(text=sub.format_help(), language="text")
            found.append(section)
        return found


def _reading(attribute: specs.Attribute) -> str:
    if attribute.kind == specs.Kind.DISCRETE:
        return f"index, 0 to {attribute.size - 1}"
    if attribute.kind == specs.Kind.HIDDEN:
        return "not read: others are divided by it"
    offset = f" - {attribute.offset:.3g}" if attribute.offset else ""
    if isinstance(attribute.divisor, str):
        return f"value / {attribute.divisor}{offset}"
    return ("value" if attribute.divisor == 1 else f"value / {attribute.divisor:g}") + offset


def _number(value: Any) -> str:
    if value.ndim == 0:
        return f"{value.item():.6g}"
    flat = value.reshape(-1)
    if flat.size <= 4:
        return ", ".join(f"{x.item():.6g}" for x in flat)
    return f"{' x '.join(map(str, value.shape))} numbers"


def _table(title: str, head: list[str], rows: list[list[str]]) -> nodes.table:
    """A table; words in backticks are code."""
    table = nodes.table()
    table += nodes.title(text=title)
    group = nodes.tgroup(cols=len(head))
    table += group
    for _ in head:
        group += nodes.colspec(colwidth=1)
    top, body = nodes.thead(), nodes.tbody()
    group += [top, body]
    for part, lines in ((top, [head]), (body, rows)):
        for line in lines:
            row = nodes.row()
            for text in line:
                entry, paragraph = nodes.entry(), nodes.paragraph()
                for i, word in enumerate(text.split("`")):
                    paragraph += nodes.literal(text=word) if i % 2 else nodes.Text(word)
                entry += paragraph
                row += entry
            part += row
    return table


def _plain_backticks(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Docstrings have `code` in single backticks, which would be ended by letters behind it."""
    for i, line in enumerate(lines):
        if "``" not in line:
            parts = line.split("`")
            lines[i] = "``".join(parts) if len(parts) % 2 else line.replace("`", "\\`")
    if what == "module":  # what is indented in a module's own words is code, or a layout
        begins = [
            i
            for i in range(1, len(lines))
            if lines[i].startswith("    ") and not lines[i - 1].strip() and not _inside(lines, i)
        ]
        for i in reversed(begins):
            lines[i:i] = ["::", ""]


def _inside(lines: list[str], index: int) -> bool:
    """Whether the nearest line above that is not empty is indented too."""
    above = next((line for line in reversed(lines[:index]) if line.strip()), "")
    return above.startswith(" ")


def _own_pages(app: Sphinx, name: str, source: list[str]) -> None:
    """Links to files outside of docs/ lead to the page that shows them."""
    for path, page in OUTSIDE.items():
        source[0] = source[0].replace(f"]({path}", f"]({page}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the directives."""
    for name, directive in (
        ("jaxmmo-observations", Observations),
        ("jaxmmo-actions", Actions),
        ("jaxmmo-spaces", Spaces),
        ("jaxmmo-rules", RulesTable),
        ("jaxmmo-tick", Tick),
        ("jaxmmo-commands", Commands),
    ):
        app.add_directive(name, directive)
    app.add_lexer("mermaid", TextLexer)  # drawn where the page is read on a code host
    app.connect("source-read", _own_pages)
    app.connect("autodoc-process-docstring", _plain_backticks, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
