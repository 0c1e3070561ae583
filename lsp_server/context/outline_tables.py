"""What the nodes of each grammar are to an outline. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Role(Enum):
    """What is done with a node that stands where definitions can stand."""

    CLASS = auto()
    """A definition whose children may be members."""
    FUNCTION = auto()
    """A definition that is not looked into."""
    VARIABLE = auto()
    """One or several names with a value or a type."""
    BINDING = auto()
    """A name that is a function if its value is one, else a variable."""
    DECLARATION = auto()
    """C's: functions, variables or both, and perhaps a type."""
    TYPE = auto()
    """A class if its type has members, else a variable."""
    EXTENSION = auto()
    """Members for a type that is defined elsewhere; no definition itself."""
    THROUGH = auto()
    """Its children stand in its place."""
    IMPORT = auto()


@dataclass(frozen=True, slots=True)
class Table:
    """The roles of a grammar's nodes. What is in no role is passed over."""

    roles: dict[str, Role]
    attribute: bytes = b""
    """How methods give their object members: what stands before the name, as in ``self.``."""


def _table(attribute: str = "", **names: str) -> Table:
    roles = {node: Role[role] for role, nodes in names.items() for node in nodes.split()}
    return Table({"ERROR": Role.THROUGH, **roles}, attribute.encode())


_C: Final = {
    "CLASS": "struct_specifier union_specifier enum_specifier",
    "FUNCTION": "preproc_function_def",
    "VARIABLE": "preproc_def enumerator",
    "DECLARATION": "declaration field_declaration function_definition",
    "TYPE": "type_definition",
    "THROUGH": "preproc_if preproc_ifdef preproc_else preproc_elif field_declaration_list enumerator_list "
    "linkage_specification declaration_list",
    "IMPORT": "preproc_include",
}
_JAVASCRIPT: Final = {
    "CLASS": "class_declaration",
    "FUNCTION": "function_declaration generator_function_declaration method_definition",
    "BINDING": "variable_declarator field_definition",
    "THROUGH": "export_statement lexical_declaration variable_declaration class_body expression_statement "
    "statement_block",
    "IMPORT": "import_statement",
}
_TYPESCRIPT: Final = {
    "CLASS": "class_declaration abstract_class_declaration interface_declaration enum_declaration",
    "FUNCTION": "function_declaration generator_function_declaration function_signature method_definition "
    "method_signature abstract_method_signature",
    "BINDING": "variable_declarator public_field_definition",
    "VARIABLE": "property_signature enum_assignment property_identifier",
    "TYPE": "type_alias_declaration",
    "THROUGH": "export_statement lexical_declaration variable_declaration class_body interface_body "
    "enum_body expression_statement ambient_declaration statement_block internal_module module",
    "IMPORT": "import_statement",
}

TABLES: Final[dict[str, Table]] = {
    "python": _table(
        "self.",
        CLASS="class_definition",
        FUNCTION="function_definition",
        VARIABLE="assignment type_alias_statement",
        THROUGH="decorated_definition expression_statement block if_statement else_clause elif_clause "
        "try_statement except_clause finally_clause with_statement",
        IMPORT="import_statement import_from_statement future_import_statement",
    ),
    "javascript": _table("this.", **_JAVASCRIPT),
    "javascriptreact": _table("this.", **_JAVASCRIPT),
    "typescript": _table(**_TYPESCRIPT),
    "typescriptreact": _table(**_TYPESCRIPT),
    "go": _table(
        TYPE="type_spec type_alias",
        FUNCTION="function_declaration method_declaration method_elem",
        VARIABLE="const_spec var_spec field_declaration",
        THROUGH="type_declaration const_declaration var_declaration var_spec_list struct_type interface_type "
        "field_declaration_list import_declaration import_spec_list",
        IMPORT="import_spec",
    ),
    "rust": _table(
        CLASS="struct_item enum_item union_item trait_item",
        EXTENSION="impl_item",
        FUNCTION="function_item function_signature_item macro_definition",
        VARIABLE="const_item static_item type_item associated_type field_declaration enum_variant",
        THROUGH="declaration_list field_declaration_list enum_variant_list foreign_mod_item",
        IMPORT="use_declaration mod_item",
    ),
    "java": _table(
        CLASS="class_declaration interface_declaration enum_declaration record_declaration "
        "annotation_type_declaration",
        FUNCTION="method_declaration constructor_declaration compact_constructor_declaration "
        "annotation_type_element_declaration",
        VARIABLE="field_declaration constant_declaration enum_constant formal_parameter",
        THROUGH="class_body interface_body enum_body enum_body_declarations annotation_type_body "
        "formal_parameters",
        IMPORT="import_declaration",
    ),
    "c": _table(**_C),
    "cpp": _table(
        **{
            **_C,
            "CLASS": f"{_C['CLASS']} class_specifier",
            "VARIABLE": f"{_C['VARIABLE']} alias_declaration",
            "THROUGH": f"{_C['THROUGH']} template_declaration namespace_definition",
        }
    ),
    "csharp": _table(
        CLASS="class_declaration interface_declaration struct_declaration record_declaration "
        "enum_declaration",
        FUNCTION="method_declaration constructor_declaration delegate_declaration operator_declaration "
        "local_function_statement",
        VARIABLE="field_declaration event_field_declaration property_declaration enum_member_declaration "
        "parameter",
        THROUGH="namespace_declaration file_scoped_namespace_declaration declaration_list "
        "enum_member_declaration_list parameter_list global_statement",
        IMPORT="using_directive",
    ),
    "ruby": _table(
        "@",
        CLASS="class module",
        FUNCTION="method singleton_method",
        VARIABLE="assignment",
        THROUGH="body_statement singleton_class",
        IMPORT="call",
    ),
    "php": _table(
        CLASS="class_declaration interface_declaration trait_declaration enum_declaration",
        FUNCTION="function_definition method_declaration",
        VARIABLE="const_element property_declaration enum_case",
        THROUGH="declaration_list enum_declaration_list const_declaration namespace_definition "
        "compound_statement expression_statement",
        IMPORT="namespace_use_declaration require_once_expression require_expression include_expression "
        "include_once_expression",
    ),
    "lua": _table(
        FUNCTION="function_declaration",
        BINDING="assignment_statement",
        THROUGH="variable_declaration",
    ),
    "shellscript": _table(
        FUNCTION="function_definition",
        VARIABLE="variable_assignment",
        THROUGH="declaration_command",
        IMPORT="command",
    ),
    "kotlin": _table(
        CLASS="class_declaration object_declaration interface_declaration",
        FUNCTION="function_declaration secondary_constructor",
        VARIABLE="property_declaration class_parameter type_alias enum_entry",
        THROUGH="class_body enum_class_body companion_object primary_constructor class_parameters",
        IMPORT="import",
    ),
    "swift": _table(
        CLASS="class_declaration protocol_declaration",
        FUNCTION="function_declaration init_declaration protocol_function_declaration subscript_declaration",
        VARIABLE="property_declaration protocol_property_declaration typealias_declaration enum_entry",
        THROUGH="class_body enum_class_body protocol_body",
        IMPORT="import_declaration",
    ),
    "scala": _table(
        CLASS="class_definition object_definition trait_definition enum_definition",
        FUNCTION="function_definition function_declaration",
        VARIABLE="val_definition var_definition val_declaration var_declaration type_definition "
        "class_parameter simple_enum_case full_enum_case",
        THROUGH="template_body enum_body enum_case_definitions class_parameters package_object "
        "extension_definition",
        IMPORT="import_declaration",
    ),
    "sql": _table(
        CLASS="create_table create_view create_materialized_view",
        FUNCTION="create_function",
        VARIABLE="column_definition",
        THROUGH="statement column_definitions",
    ),
    "markdown": _table(VARIABLE="atx_heading setext_heading", THROUGH="section"),
}
"""By LSP's language identifiers. Languages without one have windows only."""
