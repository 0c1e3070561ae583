"""What the nodes of each grammar are to a definition. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Syntax:
    """The nodes of one grammar.

    ``binders`` give a name to one of ``lambdas``; ``wrappers`` stand around a definition and belong to it.
    """

    functions: frozenset[str]
    classes: frozenset[str]
    binders: frozenset[str] = frozenset()
    lambdas: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset()


def words(text: str) -> frozenset[str]:
    """The words of ``text``: long tables are easier to read this way."""
    return frozenset(text.split())


def _syntax(**nodes: str) -> Syntax:
    return Syntax(**{role: words(names) for role, names in nodes.items()})


_JAVASCRIPT: Final = _syntax(
    functions="function_declaration generator_function_declaration method_definition function_signature "
    "method_signature abstract_method_signature",
    classes="class_declaration abstract_class_declaration interface_declaration enum_declaration",
    binders="variable_declarator field_definition public_field_definition assignment_expression pair "
    "export_statement",
    lambdas="arrow_function function_expression generator_function class",
    wrappers="export_statement lexical_declaration variable_declaration expression_statement "
    "ambient_declaration",
)
_C: Final = _syntax(
    functions="function_definition declaration field_declaration",
    classes="struct_specifier union_specifier enum_specifier class_specifier type_definition",
    binders="init_declarator",
    lambdas="lambda_expression",
    wrappers="template_declaration declaration",
)

SYNTAX: Final = MappingProxyType(
    {
        "python": _syntax(
            functions="function_definition",
            classes="class_definition",
            binders="assignment",
            lambdas="lambda",
            wrappers="decorated_definition expression_statement",
        ),
        "javascript": _JAVASCRIPT,
        "javascriptreact": _JAVASCRIPT,
        "typescript": _JAVASCRIPT,
        "typescriptreact": _JAVASCRIPT,
        "go": _syntax(
            functions="function_declaration method_declaration",
            classes="type_spec",
            binders="short_var_declaration var_spec",
            lambdas="func_literal",
            wrappers="type_declaration var_declaration",
        ),
        "rust": _syntax(
            functions="function_item function_signature_item",
            classes="struct_item enum_item union_item trait_item",
            binders="let_declaration",
            lambdas="closure_expression",
        ),
        "java": _syntax(
            functions="method_declaration constructor_declaration compact_constructor_declaration",
            classes="class_declaration interface_declaration enum_declaration record_declaration "
            "annotation_type_declaration",
            binders="variable_declarator",
            lambdas="lambda_expression",
            wrappers="local_variable_declaration field_declaration",
        ),
        "kotlin": _syntax(
            functions="function_declaration secondary_constructor",
            classes="class_declaration object_declaration interface_declaration",
        ),
        "csharp": _syntax(
            functions="method_declaration constructor_declaration local_function_statement "
            "operator_declaration",
            classes="class_declaration interface_declaration struct_declaration record_declaration "
            "enum_declaration",
            binders="variable_declarator",
            lambdas="lambda_expression anonymous_method_expression",
            wrappers="variable_declaration local_declaration_statement field_declaration global_statement",
        ),
        "c": _C,
        "cpp": _C,
        "ruby": _syntax(
            functions="method singleton_method",
            classes="class module",
            binders="assignment",
            lambdas="lambda",
        ),
        "php": _syntax(
            functions="function_definition method_declaration",
            classes="class_declaration interface_declaration trait_declaration enum_declaration",
            binders="assignment_expression",
            lambdas="anonymous_function arrow_function",
            wrappers="expression_statement",
        ),
        "lua": _syntax(
            functions="function_declaration",
            classes="",
            binders="assignment_statement field",
            lambdas="function_definition",
            wrappers="variable_declaration",
        ),
        "swift": _syntax(
            functions="function_declaration init_declaration deinit_declaration "
            "protocol_function_declaration",
            classes="class_declaration protocol_declaration",
        ),
        "scala": _syntax(
            functions="function_definition function_declaration",
            classes="class_definition object_definition trait_definition enum_definition",
            binders="val_definition",
            lambdas="lambda_expression",
        ),
        "shellscript": _syntax(functions="function_definition", classes=""),
    }
)
"""By LSP's language identifiers. Closures of Kotlin and Swift are none: their parameters are in the body."""

ATTRIBUTES: Final = words(
    "decorator attribute_item attribute_list attribute_declaration annotation marker_annotation attribute"
)
"""What stands before a head and is not of it."""

BODIES: Final = words("function_body class_body enum_class_body block template_body")
"""Bodies that have no field of their own."""

CONTAINERS: Final = words(
    "module program source_file translation_unit compilation_unit chunk block statement_block "
    "statement_list compound_statement body_statement block_body class_body interface_body enum_body "
    "declaration_list field_declaration_list constructor_body template_body statements function_body "
    "class_declaration_body then else do do_group begin indented_block namespace_definition "
    "switch_case switch_default case_statement case_block"
)
"""Nodes whose children are statements or members."""

STATIC: Final = words("go rust java kotlin csharp c cpp swift scala")
"""Languages in which a signature has its types."""
GRADUAL: Final = words("python typescript typescriptreact php")
"""Languages in which a signature may have types."""
