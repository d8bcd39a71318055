"""Templates in one language: messages become plain text when a template is compiled.

So a page in any language is made as fast as if it had been written in it.
"""

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer

from service.web.languages import Words, words_of

_PLACE = re.compile(r"%\((\w+)\)s")


def environment_of(language: str) -> Environment:
    """The templates in one language, everything escaped unless it is Markup."""
    words = words_of(language)

    class Speaking(CodeGenerator):
        def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
            _Folding(words).visit(node)
            node.set_environment(self.environment)
            super().visit_Template(node, frame)

    environment = Environment(
        loader=PackageLoader("service.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.code_generator_class = Speaking
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        words.gettext, words.ngettext, newstyle=True
    )
    return environment


class _Folding(NodeTransformer):
    """Puts a language's words in place of calls for them."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        node.nodes = [piece for child in node.nodes for piece in self._pieces(child)]
        self.generic_visit(node)
        return node

    def visit_Call(self, node: nodes.Call) -> Any:
        self.generic_visit(node)
        message = _message_of(node)
        if message is None or node.kwargs:
            return node
        text = self._words.gettext(message).replace("%%", "%")
        return nodes.MarkSafe(nodes.Const(text), lineno=node.lineno)

    def _pieces(self, node: nodes.Expr) -> Iterator[nodes.Expr]:
        message = _message_of(node)
        if message is None:
            yield node
            return
        assert isinstance(node, nodes.Call)
        given = {pair.key: pair.value for pair in node.kwargs}
        for place, piece in enumerate(_PLACE.split(self._words.gettext(message))):
            if place % 2:
                yield given[piece]
            elif piece:
                yield nodes.TemplateData(piece.replace("%%", "%"), lineno=node.lineno)


def _message_of(node: nodes.Node) -> str | None:
    """What a plain call of gettext asks for, None for all else."""
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        return None
    if node.node.name not in ("_", "gettext") or len(node.args) != 1:
        return None
    message = node.args[0]
    return message.value if isinstance(message, nodes.Const) else None
