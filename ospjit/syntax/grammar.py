"""The grammar of Osprey, as PLY reads it: each `p_` method's docstring holds productions, its body builds.

LALR(1) without an unresolved conflict: the classifier has already told apart what the surroundings decide,
operators and prefix forms go through the precedence table. Lists are left-recursive, so that their length
never grows the parser's stack. Faults that a production can name precisely (a missing `else`, a value that
nobody uses) are reported here and the tree goes on. It must never look at white space or names' meanings.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ospjit.diagnostics import Diagnostics, Source, Span
from ospjit.syntax import ast
from ospjit.syntax.lexer import MAX_INT
from ospjit.syntax.tokens import FOREIGN, TERMINALS, Token

_RESERVED = ("send", "recv", "await", "yield")
_VALUES = (
    ast.Name, ast.IntLit, ast.FloatLit, ast.StringLit, ast.Interpolation, ast.BoolLit, ast.Qualified
)  # fmt: skip
_FILE_SCOPE: dict[type, str] = {
    ast.TypeDecl: "a type declaration",
    ast.EffectDecl: "an effect declaration",
    ast.ExternFn: "an extern function",
    ast.Module: "a module",
    ast.Import: "an import",
}


class Grammar:
    """Productions and the actions that build the tree of one source."""

    tokens = TERMINALS

    precedence = (
        ("right", "LOWEST"),
        ("right", "QUESTION", "QCOLON"),
        ("left", "OROR"),
        ("left", "ANDAND"),
        ("nonassoc", "EQEQ", "NE", "LT", "LE", "GT", "GE"),
        ("left", "PLUS", "MINUS"),
        ("left", "TIMES", "DIVIDE", "MOD"),
        ("right", "BANG", "PREFIX_MINUS", "PREFIX_PLUS", "AWAIT"),
        ("left", "PIPE"),
        ("left", "CALL_LPAREN", "INDEX_LBRACKET", "RECORD_LBRACE", "DOT"),
    )

    def __init__(self, source: Source, diagnostics: Diagnostics, damage: ast.Damage | None = None) -> None:
        self.source = source
        self.damage = damage or ast.Damage()
        self.diagnostics = diagnostics
        self.parenthesised: set[ast.Expr] = set()
        # Declarations found in blocks that have not turned out to be the body of a module.
        self.misplaced: dict[ast.Block, list[ast.Stmt]] = {}

    # Places and faults

    def span(self, first: Any, last: Any) -> Span:
        """From the start of a token or node to the end of another."""
        start = first.start if type(first) is Token else first.span.start
        end = last.end if type(last) is Token else last.span.end
        return Span(self.source, start, end)

    def at(self, token: Token) -> Span:
        """The span of a token."""
        return Span(self.source, token.start, token.end)

    def error(self, code: str, message: str, span: Span, *hints: str) -> None:
        """Report a fault that leaves a tree behind."""
        self.diagnostics.error(code, message, span, hints=hints)

    def binder(self, token: Token) -> str:
        """The name that a declaration binds, which may not be one of the words that are also functions."""
        if token.value in _RESERVED:
            self.error("OSP1013", f"'{token.value}' is a keyword and cannot be declared", self.at(token))
        return token.value

    # Programs and statements

    def p_program(self, p: list[Any]) -> None:
        """program : items
        | semicolons items
        | semicolons
        |"""
        items = p[len(p) - 1] if len(p) > 1 else None
        p[0] = items or []
        self.unused_values(p[0])
        for misplaced in self.misplaced.values():
            for item in misplaced:
                self.refuse_in_block(item)

    def p_semicolons(self, p: list[Any]) -> None:
        """semicolons : SEMI
        | semicolons SEMI"""

    def p_items_first(self, p: list[Any]) -> None:
        """items : item"""
        p[0] = [p[1]] if p[1] is not None else []

    def p_items_more(self, p: list[Any]) -> None:
        """items : items item"""
        p[0] = p[1]
        if p[2] is not None:
            p[1].append(p[2])

    def p_items_separator(self, p: list[Any]) -> None:
        """items : items SEMI"""
        p[0] = p[1]

    def p_separator(self, p: list[Any]) -> None:
        """separator : COMMA
        | SEMI"""

    def p_item(self, p: list[Any]) -> None:
        """item : declaration
        | assignment"""
        p[0] = p[1]

    def p_item_export(self, p: list[Any]) -> None:
        """item : EXPORT declaration"""
        p[0] = p[2]
        if isinstance(p[2], ast.Import):
            self.error("OSP1014", "an import cannot be exported", self.at(p[1]))
            return
        p[2].exported = True
        p[2].doc = p[1].doc or p[2].doc
        p[2].span = self.span(p[1], p[2])

    def p_item_expression(self, p: list[Any]) -> None:
        """item : expr"""
        p[0] = ast.ExprStmt(p[1].span, p[1])

    def p_item_resync(self, p: list[Any]) -> None:
        """item : RESYNC"""
        p[0] = ast.ExprStmt(p[1], ast.Broken(p[1]))

    def p_let(self, p: list[Any]) -> None:
        """declaration : LET NAME annotation EQ expr
        | MUT NAME annotation EQ expr"""
        span, mutable = self.span(p[1], p[5]), p[1].type == "MUT"
        p[0] = ast.Let(span, self.binder(p[2]), self.at(p[2]), p[3], p[5], mutable, p[1].doc)

    def p_annotation(self, p: list[Any]) -> None:
        """annotation : COLON type
        |"""
        p[0] = p[2] if len(p) > 1 else None

    def p_assignment(self, p: list[Any]) -> None:
        """assignment : NAME EQ expr"""
        p[0] = ast.Assign(self.span(p[1], p[3]), p[1].value, self.at(p[1]), p[3])

    def p_function(self, p: list[Any]) -> None:
        """declaration : FN NAME type_params lparen params RPAREN result effects EQ expr
        | FN NAME type_params lparen params RPAREN result effects block"""
        body = self.body(p[len(p) - 1])
        span = self.span(p[1], body)
        p[0] = ast.FnDecl(
            span, self.binder(p[2]), self.at(p[2]), p[3], p[5], p[7], p[8], body, p[1].doc
        )  # fmt: skip

    def p_extern(self, p: list[Any]) -> None:
        """declaration : EXTERN FN NAME lparen params RPAREN result"""
        span = self.span(p[1], p[7] or p[6])
        for param in p[5]:
            if param.type is None:
                message = f"the parameter '{param.name}' of an extern function needs a type"
                self.error("OSP1015", message, param.span, f"write '{param.name}: int', for example")
        p[0] = ast.ExternFn(span, self.binder(p[3]), self.at(p[3]), p[5], p[7], p[1].doc)

    def p_lparen(self, p: list[Any]) -> None:
        """lparen : CALL_LPAREN
        | LPAREN"""
        p[0] = p[1]

    def p_params(self, p: list[Any]) -> None:
        """params : param_list
        | param_list COMMA
        |"""
        p[0] = p[1] if len(p) > 1 else []

    def p_param_list(self, p: list[Any]) -> None:
        """param_list : param
        | param_list COMMA param"""
        p[0] = self.extended(p, 3)

    def p_param(self, p: list[Any]) -> None:
        """param : NAME annotation"""
        p[0] = ast.Param(self.span(p[1], p[2] or p[1]), self.binder(p[1]), p[2])

    def p_result(self, p: list[Any]) -> None:
        """result : ARROW type
        |"""
        p[0] = p[2] if len(p) > 1 else None

    def p_effects_none(self, p: list[Any]) -> None:
        """effects :"""
        p[0] = None

    def p_effects(self, p: list[Any]) -> None:
        """effects : BANG effect_ref
        | BANG LBRACKET effect_refs RBRACKET
        | BANG LBRACKET effect_refs COMMA RBRACKET
        | BANG LBRACKET RBRACKET"""
        p[0] = [p[2]] if len(p) == 3 else p[3] if len(p) > 4 else []

    def p_effect_refs(self, p: list[Any]) -> None:
        """effect_refs : effect_ref
        | effect_refs COMMA effect_ref"""
        p[0] = self.extended(p, 3)

    def p_effect_ref(self, p: list[Any]) -> None:
        """effect_ref : path
        | path less types GT"""
        last = p[1][-1] if len(p) == 2 else p[4]
        qualifier = tuple(part.value for part in p[1][:-1])
        args = p[3] if len(p) > 2 else []
        p[0] = ast.EffectRef(self.span(p[1][0], last), p[1][-1].value, args, qualifier)

    def p_path(self, p: list[Any]) -> None:
        """path : NAME
        | path COLONCOLON NAME
        | path DOT NAME"""
        p[0] = self.extended(p, 3)

    def p_less(self, p: list[Any]) -> None:
        """less : LT
        | TYPE_LT"""
        p[0] = p[1]

    def p_type_params(self, p: list[Any]) -> None:
        """type_params : less type_param_list GT
        | less type_param_list COMMA GT
        |"""
        p[0] = p[2] if len(p) > 1 else []

    def p_type_param_list(self, p: list[Any]) -> None:
        """type_param_list : type_param
        | type_param_list COMMA type_param"""
        p[0] = self.extended(p, 3)

    def p_type_param(self, p: list[Any]) -> None:
        """type_param : NAME
        | IN NAME
        | NAME NAME"""
        name = p[len(p) - 1]
        variance = p[1].value if len(p) == 3 else ""
        if variance not in ("", "in", "out"):
            self.error("OSP1016", f"'{variance}' is not a variance", self.at(p[1]), "write 'in' or 'out'")
            variance = ""
        p[0] = ast.TypeParam(self.span(p[1], name), self.binder(name), variance)

    def p_type_declaration(self, p: list[Any]) -> None:
        """declaration : TYPE NAME type_params EQ definition"""
        span = self.span(p[1], p[5])
        p[0] = ast.TypeDecl(span, self.binder(p[2]), self.at(p[2]), p[3], p[5], p[1].doc)

    def p_definition_record(self, p: list[Any]) -> None:
        """definition : ANON_LBRACE field_defs RBRACE"""
        p[0] = ast.RecordDef(self.span(p[1], p[3]), p[2])

    def p_definition_union(self, p: list[Any]) -> None:
        """definition : variants
        | BAR variants"""
        variants = p[len(p) - 1]
        if len(p) == 3:
            variants[0].doc = p[1].doc or variants[0].doc
        only = variants[0]
        if len(variants) == 1 and len(p) == 2 and only.fields is None and only.positional is None:
            p[0] = ast.AliasDef(only.span, ast.TName(only.span, only.name, []))
        else:
            p[0] = ast.UnionDef(self.span(p[1] if len(p) == 3 else variants[0], variants[-1]), variants)

    def p_definition_alias(self, p: list[Any]) -> None:
        """definition : other_type"""
        p[0] = ast.AliasDef(p[1].span, p[1])

    def p_variants_first(self, p: list[Any]) -> None:
        """variants : variant"""
        p[0] = [p[1]]

    def p_variants_more(self, p: list[Any]) -> None:
        """variants : variants BAR variant"""
        p[3].doc = p[2].doc or p[3].doc
        p[1].append(p[3])
        p[0] = p[1]

    def p_variant(self, p: list[Any]) -> None:
        """variant : NAME
        | NAME RECORD_LBRACE field_defs RBRACE
        | NAME CALL_LPAREN types RPAREN
        | NAME CALL_LPAREN RPAREN"""
        name = p[1]
        fields = p[3] if len(p) == 5 and p[2].type == "RECORD_LBRACE" else None
        positional = None if len(p) == 2 or fields is not None else p[3] if len(p) == 5 else []
        span = self.span(name, p[len(p) - 1])
        p[0] = ast.VariantDef(span, self.binder(name), self.at(name), fields, positional, name.doc)

    def p_field_defs(self, p: list[Any]) -> None:
        """field_defs : field_def_list
        | field_def_list COMMA"""
        p[0] = p[1]

    def p_field_def_list(self, p: list[Any]) -> None:
        """field_def_list : field_def
        | field_def_list COMMA field_def"""
        p[0] = self.extended(p, 3)

    def p_field_def(self, p: list[Any]) -> None:
        """field_def : NAME COLON type
        | NAME COLON type WHERE expr"""
        where = p[5] if len(p) == 6 else None
        p[0] = ast.FieldDef(self.span(p[1], where or p[3]), p[1].value, self.at(p[1]), p[3], where, p[1].doc)

    def p_effect_declaration(self, p: list[Any]) -> None:
        """declaration : EFFECT NAME type_params LBRACE operations RBRACE
        | EFFECT NAME type_params LBRACE RBRACE"""
        operations = p[5] if len(p) == 7 else []
        span = self.span(p[1], p[len(p) - 1])
        p[0] = ast.EffectDecl(span, self.binder(p[2]), self.at(p[2]), p[3], operations, p[1].doc)

    def p_operations(self, p: list[Any]) -> None:
        """operations : operation_list
        | operation_list separator"""
        p[0] = p[1]

    def p_operation_list(self, p: list[Any]) -> None:
        """operation_list : operation
        | operation_list operation
        | operation_list separator operation"""
        p[0] = self.extended(p, len(p) - 1)

    def p_operation(self, p: list[Any]) -> None:
        """operation : NAME COLON type"""
        kind = p[3]
        if not isinstance(kind, ast.TFn):
            message = f"the operation '{p[1].value}' needs a function type"
            self.error("OSP1017", message, kind.span, f"write '{p[1].value}: fn() -> {kind.span.text}'")
            kind = ast.TFn(kind.span, [], kind)
        p[0] = ast.OperationDef(self.span(p[1], p[3]), p[1].value, self.at(p[1]), kind, p[1].doc)

    def p_module(self, p: list[Any]) -> None:
        """declaration : MODULE NAME block"""
        body = p[3].statements
        self.misplaced.pop(p[3], None)
        if p[3].result is not None:
            body.append(ast.ExprStmt(p[3].result.span, p[3].result))
        p[0] = ast.Module(self.span(p[1], p[3]), self.binder(p[2]), self.at(p[2]), body, p[1].doc)

    def p_import(self, p: list[Any]) -> None:
        """declaration : IMPORT import_path
        | IMPORT import_path IMPORT_LBRACE import_names RBRACE
        | IMPORT import_path IMPORT_LBRACE import_names COMMA RBRACE
        | IMPORT import_path IMPORT_LBRACE RBRACE"""
        names = None if len(p) == 3 else p[4] if len(p) > 5 else []
        last = p[2][-1] if len(p) == 3 else p[len(p) - 1]
        p[0] = ast.Import(self.span(p[1], last), [part.value for part in p[2]], names)

    def p_import_path(self, p: list[Any]) -> None:
        """import_path : NAME
        | import_path DOT NAME"""
        p[0] = self.extended(p, 3)

    def p_import_names(self, p: list[Any]) -> None:
        """import_names : import_name
        | import_names COMMA import_name"""
        p[0] = self.extended(p, 3)

    def p_import_name(self, p: list[Any]) -> None:
        """import_name : NAME
        | NAME AS NAME"""
        alias = self.binder(p[3]) if len(p) == 4 else None
        p[0] = ast.ImportName(self.span(p[1], p[len(p) - 1]), p[1].value, alias)

    # Types

    def p_type(self, p: list[Any]) -> None:
        """type : simple_type
        | other_type
        | record_type"""
        p[0] = p[1]

    def p_simple_type(self, p: list[Any]) -> None:
        """simple_type : NAME"""
        p[0] = ast.TName(self.at(p[1]), p[1].value, [])

    def p_qualified_type(self, p: list[Any]) -> None:
        """qualified_type : NAME COLONCOLON NAME
        | NAME DOT NAME
        | qualified_type COLONCOLON NAME
        | qualified_type DOT NAME"""
        if type(p[1]) is Token:
            qualifier = (p[1].value,)
        else:
            qualifier = (*p[1].qualifier, p[1].name)
        p[0] = ast.TName(self.span(p[1], p[3]), p[3].value, [], qualifier)

    def p_other_type_named(self, p: list[Any]) -> None:
        """other_type : applied_type
        | qualified_type"""
        p[0] = p[1]

    def p_applied_type(self, p: list[Any]) -> None:
        """applied_type : NAME less types GT
        | qualified_type less types GT"""
        if type(p[1]) is Token:
            p[0] = ast.TName(self.span(p[1], p[4]), p[1].value, p[3])
        else:
            p[0] = ast.TName(self.span(p[1], p[4]), p[1].name, p[3], p[1].qualifier)

    def p_function_type(self, p: list[Any]) -> None:
        """other_type : LPAREN types RPAREN ARROW type
        | LPAREN RPAREN ARROW type
        | FN LPAREN types RPAREN ARROW type
        | FN LPAREN RPAREN ARROW type"""
        params = next((part for part in p[1:-1] if type(part) is list), [])
        p[0] = ast.TFn(self.span(p[1], p[len(p) - 1]), params, p[len(p) - 1])

    def p_grouped_type(self, p: list[Any]) -> None:
        """other_type : LPAREN types RPAREN
        | LPAREN RPAREN"""
        span = self.span(p[1], p[len(p) - 1])
        if len(p) == 3:
            p[0] = ast.TName(span, "Unit", [])
            return
        if len(p[2]) > 1:
            message = "there are no tuple types"
            self.error("OSP1018", message, span, "use a record '{ x: int, y: int }', or '(A, B) -> R'")
        p[0] = p[2][0]

    def p_record_type(self, p: list[Any]) -> None:
        """record_type : ANON_LBRACE type_fields RBRACE
        | ANON_LBRACE type_fields COMMA RBRACE"""
        p[0] = ast.TRecord(self.span(p[1], p[len(p) - 1]), p[2])

    def p_type_fields(self, p: list[Any]) -> None:
        """type_fields : type_field
        | type_fields COMMA type_field"""
        p[0] = self.extended(p, 3)

    def p_type_field(self, p: list[Any]) -> None:
        """type_field : NAME COLON type"""
        p[0] = ast.TField(self.span(p[1], p[3]), p[1].value, self.at(p[1]), p[3])

    def p_types(self, p: list[Any]) -> None:
        """types : type_list
        | type_list COMMA"""
        p[0] = p[1]

    def p_type_list(self, p: list[Any]) -> None:
        """type_list : type
        | type_list COMMA type"""
        p[0] = self.extended(p, 3)

    # Literals and names

    def p_name(self, p: list[Any]) -> None:
        """expr : NAME"""
        p[0] = ast.Name(self.at(p[1]), p[1].value)

    def p_qualified(self, p: list[Any]) -> None:
        """expr : qualified"""
        parts = p[1]
        qualifier = tuple(part.value for part in parts[:-1])
        p[0] = ast.Qualified(self.span(parts[0], parts[-1]), qualifier, parts[-1].value, self.at(parts[-1]))

    def p_qualified_parts(self, p: list[Any]) -> None:
        """qualified : NAME COLONCOLON NAME
        | qualified COLONCOLON NAME"""
        p[0] = [p[1], p[3]] if type(p[1]) is Token else self.extended(p, 3)

    def p_type_applied(self, p: list[Any]) -> None:
        """expr : NAME TYPE_LT types GT
        | qualified TYPE_LT types GT"""
        parts = [p[1]] if type(p[1]) is Token else p[1]
        qualifier = tuple(part.value for part in parts[:-1])
        p[0] = ast.TypeApplied(self.span(parts[0], p[4]), parts[-1].value, p[3], qualifier)

    def p_literal(self, p: list[Any]) -> None:
        """expr : number"""
        literal = ast.IntLit if type(p[1][1]) is int else ast.FloatLit
        p[0] = literal(p[1][0], p[1][1])

    def p_number(self, p: list[Any]) -> None:
        """number : INT
        | FLOAT
        | LITERAL_MINUS INT
        | LITERAL_MINUS FLOAT"""
        value = p[len(p) - 1].value
        span = self.span(p[1], p[len(p) - 1])
        if len(p) == 3:
            value = -value
        elif type(value) is int and value >= MAX_INT:
            hint = "an int goes from -9223372036854775808 to 9223372036854775807"
            self.error("OSP1004", "integer literal is too large", span, hint)
            value = 0
        p[0] = (span, value)

    def p_bool(self, p: list[Any]) -> None:
        """expr : TRUE
        | FALSE"""
        p[0] = ast.BoolLit(self.at(p[1]), p[1].type == "TRUE")

    def p_string(self, p: list[Any]) -> None:
        """expr : STRING"""
        p[0] = ast.StringLit(self.at(p[1]), p[1].value)

    def p_interpolation(self, p: list[Any]) -> None:
        """expr : STRING_OPEN string_parts STRING_CLOSE"""
        p[0] = ast.Interpolation(self.span(p[1], p[3]), p[2])

    def p_string_parts(self, p: list[Any]) -> None:
        """string_parts : string_part
        | string_parts string_part"""
        p[0] = self.extended(p, 2)

    def p_string_part(self, p: list[Any]) -> None:
        """string_part : STRING_TEXT
        | INTERP_OPEN expr INTERP_CLOSE"""
        p[0] = p[1].value if len(p) == 2 else p[2]

    def p_unit(self, p: list[Any]) -> None:
        """expr : LPAREN RPAREN"""
        p[0] = ast.UnitLit(self.span(p[1], p[2]))

    def p_parentheses(self, p: list[Any]) -> None:
        """expr : LPAREN expr RPAREN"""
        p[2].span = self.span(p[1], p[3])
        self.parenthesised.add(p[2])
        p[0] = p[2]

    # Collections, records and blocks

    def p_list(self, p: list[Any]) -> None:
        """expr : LBRACKET expr_list RBRACKET
        | LBRACKET expr_list COMMA RBRACKET
        | LBRACKET RBRACKET"""
        p[0] = ast.ListLit(self.span(p[1], p[len(p) - 1]), p[2] if len(p) > 3 else [])

    def p_expr_list(self, p: list[Any]) -> None:
        """expr_list : expr
        | expr_list COMMA expr"""
        p[0] = self.extended(p, 3)

    def p_map(self, p: list[Any]) -> None:
        """expr : LBRACE entries RBRACE
        | LBRACE entries COMMA RBRACE"""
        p[0] = ast.MapLit(self.span(p[1], p[len(p) - 1]), p[2])

    def p_entries(self, p: list[Any]) -> None:
        """entries : entry
        | entries COMMA entry"""
        p[0] = self.extended(p, 3)

    def p_entry(self, p: list[Any]) -> None:
        """entry : expr COLON expr"""
        if type(p[1]) is ast.Name and p[1] not in self.parenthesised:
            message = "a map key that is a bare name needs parentheses"
            self.error("OSP1028", message, p[1].span, f"write '({p[1].name}): …' or '\"{p[1].name}\": …'")
        p[0] = (p[1], p[3])

    def p_empty_braces(self, p: list[Any]) -> None:
        """expr : LBRACE RBRACE"""
        p[0] = ast.MapLit(self.span(p[1], p[2]), [])

    def p_block_expression(self, p: list[Any]) -> None:
        """expr : full_block"""
        p[0] = p[1]

    def p_block(self, p: list[Any]) -> None:
        """block : full_block
        | LBRACE RBRACE"""
        p[0] = p[1] if len(p) == 2 else ast.Block(self.span(p[1], p[2]), [], None)

    def p_full_block(self, p: list[Any]) -> None:
        """full_block : LBRACE items RBRACE"""
        items = p[2]
        self.unused_values(items)
        result = None
        if items and isinstance(items[-1], ast.ExprStmt):
            result = items.pop().expr
        block = p[0] = ast.Block(self.span(p[1], p[3]), items, result)
        misplaced = [i for i in items if type(i) in _FILE_SCOPE or getattr(i, "exported", False)]
        if misplaced:
            self.misplaced[block] = misplaced

    def p_anonymous_record(self, p: list[Any]) -> None:
        """expr : ANON_LBRACE field_inits RBRACE"""
        p[0] = ast.AnonRecord(self.span(p[1], p[3]), p[2])

    def p_record(self, p: list[Any]) -> None:
        """expr : expr RECORD_LBRACE field_inits RBRACE
        | expr RECORD_LBRACE RBRACE"""
        head, span = p[1], self.span(p[1], p[len(p) - 1])
        p[0] = self.record(head, p[3] if len(p) == 5 else [], span)

    def record(self, head: ast.Expr, fields: list[ast.FieldInit], span: Span) -> ast.Expr:
        """A literal if the head is a capitalised name, otherwise an update."""
        if head in self.parenthesised:
            return ast.RecordUpdate(span, head, fields)
        if isinstance(head, ast.TypeApplied):
            return ast.RecordLit(span, head.name, head.span, head.args, fields, head.qualifier)
        if isinstance(head, ast.Name) and head.name[0].isupper():
            return ast.RecordLit(span, head.name, head.span, [], fields)
        if isinstance(head, ast.Qualified) and head.name[0].isupper():
            return ast.RecordLit(span, head.name, head.name_span, [], fields, head.qualifier)
        if isinstance(head, ast.Field) and head.name[0].isupper() and isinstance(head.object, ast.Name):
            return ast.RecordLit(span, head.name, head.name_span, [], fields, (head.object.name,))
        return ast.RecordUpdate(span, head, fields)

    def p_field_inits(self, p: list[Any]) -> None:
        """field_inits : field_init_list
        | field_init_list COMMA"""
        p[0] = p[1]

    def p_field_init_list(self, p: list[Any]) -> None:
        """field_init_list : field_init
        | field_init_list COMMA field_init"""
        p[0] = self.extended(p, 3)

    def p_field_init(self, p: list[Any]) -> None:
        """field_init : NAME COLON expr"""
        p[0] = ast.FieldInit(self.span(p[1], p[3]), p[1].value, self.at(p[1]), p[3])

    # Postfix forms

    def p_call(self, p: list[Any]) -> None:
        """expr : expr CALL_LPAREN args RPAREN"""
        (args, names), span = p[3], self.span(p[1], p[4])
        head = p[1]
        if isinstance(head, ast.Field) and head not in self.parenthesised:
            p[0] = ast.MethodCall(span, head.object, head.name, head.name_span, args, names)
        else:
            p[0] = ast.Call(span, head, args, names)

    def p_args(self, p: list[Any]) -> None:
        """args : arg_list
        | arg_list COMMA
        |"""
        found = p[1] if len(p) > 1 else []
        names = [name for name, _ in found if name is not None]
        if names and len(names) < len(found):
            other = next(value for name, value in found if name is None)
            message = "named and positional arguments cannot be mixed in one call"
            self.error("OSP1019", message, other.span, "name all arguments of the call, or none")
            names = []
        p[0] = ([value for _, value in found], names or None)

    def p_arg_list(self, p: list[Any]) -> None:
        """arg_list : arg
        | arg_list COMMA arg"""
        p[0] = self.extended(p, 3)

    def p_arg(self, p: list[Any]) -> None:
        """arg : expr
        | NAME COLON expr"""
        p[0] = (None, p[1]) if len(p) == 2 else (ast.Ident(self.at(p[1]), p[1].value), p[3])

    def p_index(self, p: list[Any]) -> None:
        """expr : expr INDEX_LBRACKET expr RBRACKET"""
        p[0] = ast.Index(self.span(p[1], p[4]), p[1], p[3])

    def p_field(self, p: list[Any]) -> None:
        """expr : expr DOT NAME"""
        p[0] = ast.Field(self.span(p[1], p[3]), p[1], p[3].value, self.at(p[3]))

    # Operators

    def p_prefix(self, p: list[Any]) -> None:
        """expr : BANG expr
        | PREFIX_MINUS expr
        | PREFIX_PLUS expr"""
        p[0] = ast.Unary(self.span(p[1], p[2]), p[1].value, p[2])

    def p_await(self, p: list[Any]) -> None:
        """expr : AWAIT expr"""
        p[0] = self.word_call(p[1], [p[2]])

    def p_binary(self, p: list[Any]) -> None:
        """expr : expr PLUS expr
        | expr MINUS expr
        | expr TIMES expr
        | expr DIVIDE expr
        | expr MOD expr
        | expr EQEQ expr
        | expr NE expr
        | expr LT expr
        | expr LE expr
        | expr GT expr
        | expr GE expr
        | expr ANDAND expr
        | expr OROR expr"""
        p[0] = ast.Binary(self.span(p[1], p[3]), p[2].value, self.at(p[2]), p[1], p[3])

    def p_pipe(self, p: list[Any]) -> None:
        """expr : expr PIPE expr"""
        subject, target, span = p[1], p[3], self.span(p[1], p[3])
        open_ = target not in self.parenthesised
        if open_ and isinstance(target, (ast.Call, ast.MethodCall)) and not target.piped:
            if target.names is not None:
                message = "the arguments after a pipe cannot be named: the piped value comes first"
                self.error("OSP1020", message, target.names[0].span)
                target.names = None
            target.args.insert(0, subject)
            target.piped = True
            target.span = span
            p[0] = target
        elif open_ and isinstance(target, ast.Field):
            p[0] = ast.MethodCall(
                span, target.object, target.name, target.name_span, [subject], None, True
            )  # fmt: skip
        else:
            p[0] = ast.Call(span, target, [subject], None, True)

    def p_ternary(self, p: list[Any]) -> None:
        """expr : expr QUESTION expr COLON expr %prec QUESTION"""
        p[0] = ast.Ternary(self.span(p[1], p[5]), p[1], p[3], p[5])

    def p_default(self, p: list[Any]) -> None:
        """expr : expr QCOLON expr"""
        p[0] = ast.Default(self.span(p[1], p[3]), p[1], p[3])

    # Lambdas, spawn and yield

    def p_lambda(self, p: list[Any]) -> None:
        """expr : FN LPAREN params RPAREN result FATARROW expr %prec LOWEST"""
        p[0] = ast.Lambda(self.span(p[1], p[7]), p[3], p[5], self.body(p[7]))

    def p_lambda_bars(self, p: list[Any]) -> None:
        """expr : LAMBDA_BAR params BAR FATARROW expr %prec LOWEST
        | NO_PARAMS FATARROW expr %prec LOWEST"""
        params = p[2] if len(p) == 6 else []
        p[0] = ast.Lambda(self.span(p[1], p[len(p) - 1]), params, None, self.body(p[len(p) - 1]))

    def p_spawn(self, p: list[Any]) -> None:
        """expr : SPAWN expr %prec LOWEST"""
        p[0] = ast.Spawn(self.span(p[1], p[2]), self.body(p[2]))

    def p_yield(self, p: list[Any]) -> None:
        """expr : YIELD expr %prec LOWEST
        | BARE_YIELD"""
        p[0] = self.word_call(p[1], [p[2]] if len(p) == 3 else [])

    def word_call(self, word: Token, args: list[ast.Expr]) -> ast.Call:
        """`await e`, `yield e` as calls."""
        span = self.span(word, args[0] if args else word)
        return ast.Call(span, ast.Name(self.at(word), word.value), args)

    # If and match

    def p_if(self, p: list[Any]) -> None:
        """expr : if_chain ELSE block"""
        p[0] = ast.If(self.span(p[1][0], p[3]), p[1], p[3])

    def p_if_without_else(self, p: list[Any]) -> None:
        """expr : if_chain"""
        first, last = p[1][0], p[1][-1]
        message = "this 'if' has no 'else': an 'if' is an expression and needs a value for both cases"
        span = Span(self.source, first.span.start, first.span.start + 2)
        self.error("OSP1021", message, span, "add 'else { … }'")
        p[0] = ast.If(self.span(first, last), p[1], ast.Block(last.span, [], None))

    def p_if_chain(self, p: list[Any]) -> None:
        """if_chain : IF expr block
        | if_chain ELSE IF expr block"""
        start, condition, block = p[len(p) - 3], p[len(p) - 2], p[len(p) - 1]
        branch = ast.Branch(self.span(start, block), condition, block)
        p[0] = [branch] if len(p) == 4 else p[1]
        if len(p) > 4:
            p[1].append(branch)

    def p_match(self, p: list[Any]) -> None:
        """expr : MATCH expr LBRACE arms RBRACE
        | MATCH expr LBRACE RBRACE"""
        arms = p[4] if len(p) == 6 else []
        if not arms:
            self.error("OSP1022", "this 'match' has no arms", self.at(p[1]), "add '_ => …'")
        p[0] = ast.Match(self.span(p[1], p[len(p) - 1]), p[2], arms)

    def p_arms(self, p: list[Any]) -> None:
        """arms : arm_list
        | arm_list separator"""
        p[0] = p[1]

    def p_arm_list(self, p: list[Any]) -> None:
        """arm_list : arm
        | arm_list arm
        | arm_list separator arm"""
        p[0] = self.extended(p, len(p) - 1)

    def p_arm(self, p: list[Any]) -> None:
        """arm : pattern FATARROW expr
        | pattern GUARD_IF expr FATARROW expr"""
        guard = p[3] if len(p) == 6 else None
        p[0] = ast.Arm(self.span(p[1], p[len(p) - 1]), p[1], guard, self.body(p[len(p) - 1]))

    def body(self, expr: ast.Expr) -> ast.Expr:
        """`{ }` as a body is an empty block, not an empty map."""
        if type(expr) is ast.MapLit and not expr.entries and expr not in self.parenthesised:
            return ast.Block(expr.span, [], None)
        return expr

    # Select and effects

    def p_select(self, p: list[Any]) -> None:
        """expr : SELECT LBRACE select_arms RBRACE
        | SELECT LBRACE RBRACE"""
        arms = p[3] if len(p) == 5 else []
        if not arms:
            self.error("OSP1022", "this 'select' has no arms", self.at(p[1]))
        p[0] = ast.Select(self.span(p[1], p[len(p) - 1]), [arm for arm in arms if arm is not None])

    def p_select_arms(self, p: list[Any]) -> None:
        """select_arms : select_arm_list
        | select_arm_list separator"""
        p[0] = p[1]

    def p_select_arm_list(self, p: list[Any]) -> None:
        """select_arm_list : select_arm
        | select_arm_list select_arm
        | select_arm_list separator select_arm"""
        p[0] = self.extended(p, len(p) - 1)

    def p_select_arm(self, p: list[Any]) -> None:
        """select_arm : expr FATARROW expr
        | expr FATARROW expr FATARROW expr"""
        last = p[len(p) - 1]
        span, body = self.span(p[1], last), self.body(last)
        binder = p[1] if len(p) == 6 else None
        p[0] = self.select_arm(span, binder, p[3] if binder is not None else p[1], body)

    def select_arm(
        self, span: Span, binder: ast.Expr | None, operation: ast.Expr, body: ast.Expr
    ) -> ast.SelectArm | None:
        """Check the shape of an arm: `v => recv(a) => e`, `send(b, x) => e`, `sleep(50) => e`, `_ => e`."""
        if binder is None and isinstance(operation, ast.Name) and operation.name == "_":
            return ast.SelectArm(span, "default", None, [], body)
        kind, count = "", -1
        if isinstance(operation, ast.Call) and isinstance(operation.fn, ast.Name) and not operation.names:
            kind = operation.fn.name
            count = {"recv": 1, "send": 2, "sleep": 1}.get(kind, -1)
            if count == len(operation.args) and (binder is None or kind == "recv"):
                pattern = None
                if isinstance(binder, ast.Name):
                    pattern = self.name_pattern(binder.span, binder.name)
                if (pattern is None) == (binder is None):
                    return ast.SelectArm(span, kind, pattern, operation.args, body)
        place = binder.span if binder is not None else operation.span
        hints = ("write 'v => recv(ch) => …', 'send(ch, v) => …', 'sleep(ms) => …' or '_ => …'",)
        self.error("OSP1023", "this is not an arm of a 'select'", place, *hints)
        return None

    def p_perform(self, p: list[Any]) -> None:
        """expr : PERFORM path CALL_LPAREN args RPAREN
        | PERFORM path less types GT DOT NAME CALL_LPAREN args RPAREN"""
        span, (args, names) = self.span(p[1], p[len(p) - 1]), p[len(p) - 2]
        parts, types = p[2], []
        if len(p) > 6:
            operation, types, end = p[7], p[4], p[5]
        else:
            operation = parts[-1]
            parts = parts[:-1]
            if not parts:
                message = f"'perform' needs an effect and an operation, found '{operation.value}'"
                self.error("OSP1024", message, self.at(operation), "write 'perform Effect.operation(…)'")
                parts = [operation]
            end = parts[-1]
        qualifier = tuple(part.value for part in parts[:-1])
        effect = ast.EffectRef(self.span(parts[0], end), parts[-1].value, types, qualifier)
        p[0] = ast.Perform(span, effect, operation.value, self.at(operation), args, names)

    def p_resume(self, p: list[Any]) -> None:
        """expr : RESUME CALL_LPAREN expr RPAREN
        | RESUME CALL_LPAREN RPAREN"""
        p[0] = ast.Resume(self.span(p[1], p[len(p) - 1]), p[3] if len(p) == 5 else None)

    def p_handle(self, p: list[Any]) -> None:
        """expr : HANDLE effect_ref handler_arms IN expr %prec LOWEST"""
        p[0] = ast.Handle(self.span(p[1], p[5]), p[2], p[3], self.body(p[5]))

    def p_handler_arms(self, p: list[Any]) -> None:
        """handler_arms : handler_arm_list
        | handler_arm_list separator"""
        p[0] = p[1]

    def p_handler_arm_list(self, p: list[Any]) -> None:
        """handler_arm_list : handler_arm
        | handler_arm_list handler_arm
        | handler_arm_list separator handler_arm"""
        p[0] = self.extended(p, len(p) - 1)

    def p_handler_arm(self, p: list[Any]) -> None:
        """handler_arm : NAME handler_params FATARROW handler_body
        | NAME CALL_LPAREN params RPAREN FATARROW handler_body"""
        params = p[2] if len(p) == 5 else p[3]
        body = p[len(p) - 1]
        p[0] = ast.HandlerArm(self.span(p[1], body), p[1].value, self.at(p[1]), params, body)

    def p_handler_params(self, p: list[Any]) -> None:
        """handler_params : handler_params NAME
        |"""
        p[0] = [] if len(p) == 1 else p[1]
        if len(p) > 1:
            p[1].append(ast.Param(self.at(p[2]), self.binder(p[2]), None))

    def p_handler_body(self, p: list[Any]) -> None:
        """handler_body : expr
        | assignment"""
        is_assignment = isinstance(p[1], ast.Assign)
        p[0] = ast.Block(p[1].span, [p[1]], None) if is_assignment else self.body(p[1])

    # Patterns

    def p_pattern(self, p: list[Any]) -> None:
        """pattern : alternative
        | alternatives"""
        p[0] = p[1] if not isinstance(p[1], list) else ast.POr(self.span(p[1][0], p[1][-1]), p[1])

    def p_alternatives(self, p: list[Any]) -> None:
        """alternatives : alternative BAR alternative
        | alternatives BAR alternative"""
        p[0] = [p[1], p[3]] if not isinstance(p[1], list) else self.extended(p, 3)

    def p_pattern_name(self, p: list[Any]) -> None:
        """alternative : NAME"""
        p[0] = self.name_pattern(self.at(p[1]), p[1].value)

    def name_pattern(self, span: Span, name: str) -> ast.Pattern:
        """A capitalised name is a variant, `_` matches all, another name binds."""
        if name == "_":
            return ast.PWild(span)
        if name[0].isupper():
            return ast.PVariant(span, name, span, "bare", [], [])
        if name in _RESERVED:
            self.error("OSP1013", f"'{name}' is a keyword and cannot be declared", span)
        return ast.PBind(span, name)

    def p_pattern_qualified(self, p: list[Any]) -> None:
        """alternative : pattern_path"""
        name = p[1][-1]
        span, qualifier = self.span(p[1][0], name), tuple(part.value for part in p[1][:-1])
        p[0] = ast.PVariant(span, name.value, self.at(name), "bare", [], [], qualifier)

    def p_pattern_path(self, p: list[Any]) -> None:
        """pattern_path : NAME COLONCOLON NAME
        | NAME DOT NAME
        | pattern_path COLONCOLON NAME
        | pattern_path DOT NAME"""
        p[0] = [p[1], p[3]] if type(p[1]) is Token else self.extended(p, 3)

    def p_pattern_literal(self, p: list[Any]) -> None:
        """literal_pattern : number
        | STRING
        | TRUE
        | FALSE"""
        if type(p[1]) is tuple:
            p[0] = ast.PLit(*p[1])
        else:
            value = p[1].value if p[1].type == "STRING" else p[1].type == "TRUE"
            p[0] = ast.PLit(self.at(p[1]), value)

    def p_pattern_simple(self, p: list[Any]) -> None:
        """alternative : literal_pattern
        | list_pattern
        | record_pattern"""
        p[0] = p[1]

    def p_pattern_payload(self, p: list[Any]) -> None:
        """alternative : NAME CALL_LPAREN patterns RPAREN
        | NAME CALL_LPAREN RPAREN
        | pattern_path CALL_LPAREN patterns RPAREN
        | pattern_path CALL_LPAREN RPAREN"""
        p[0] = self.variant(p, "positional", [], p[3] if len(p) == 5 else [])

    def p_pattern_fields(self, p: list[Any]) -> None:
        """alternative : NAME LBRACE pattern_fields RBRACE
        | NAME RECORD_LBRACE pattern_fields RBRACE
        | pattern_path LBRACE pattern_fields RBRACE
        | pattern_path RECORD_LBRACE pattern_fields RBRACE"""
        fields = [field for field in p[3] if type(field) is not Token]
        p[0] = self.variant(p, "fields", fields, [])

    def p_pattern_space(self, p: list[Any]) -> None:
        """alternative : NAME space_payload
        | pattern_path space_payload"""
        p[0] = self.variant(p, "positional", [], [p[2]])

    def p_space_payload(self, p: list[Any]) -> None:
        """space_payload : NAME
        | literal_pattern
        | list_pattern"""
        p[0] = p[1] if type(p[1]) is not Token else self.name_pattern(self.at(p[1]), p[1].value)

    def variant(
        self, p: list[Any], style: str, fields: list[ast.PField], args: list[ast.Pattern]
    ) -> ast.PVariant:
        """A variant pattern from a name or path in p[1] to the end of the production."""
        parts = [p[1]] if type(p[1]) is Token else p[1]
        span, name = self.span(parts[0], p[len(p) - 1]), parts[-1]
        qualifier = tuple(part.value for part in parts[:-1])
        return ast.PVariant(span, name.value, self.at(name), style, fields, args, qualifier)

    def p_pattern_typed(self, p: list[Any]) -> None:
        """alternative : NAME COLON simple_type
        | NAME COLON qualified_type
        | NAME COLON applied_type"""
        p[0] = ast.PTyped(self.span(p[1], p[3]), self.binder(p[1]), self.at(p[1]), p[3])

    def p_pattern_as(self, p: list[Any]) -> None:
        """alternative : NAME COLON record_pattern"""
        p[0] = ast.PAs(self.span(p[1], p[3]), self.binder(p[1]), self.at(p[1]), p[3])

    def p_pattern_tuple(self, p: list[Any]) -> None:
        """alternative : LPAREN patterns RPAREN"""
        p[0] = p[2][0] if len(p[2]) == 1 else ast.PTuple(self.span(p[1], p[3]), p[2])

    def p_patterns(self, p: list[Any]) -> None:
        """patterns : pattern_list
        | pattern_list COMMA"""
        p[0] = p[1]

    def p_pattern_list(self, p: list[Any]) -> None:
        """pattern_list : pattern
        | pattern_list COMMA pattern"""
        p[0] = self.extended(p, 3)

    def p_list_pattern(self, p: list[Any]) -> None:
        """list_pattern : LBRACKET list_parts RBRACKET
        | LBRACKET list_parts COMMA RBRACKET
        | LBRACKET RBRACKET"""
        parts: list[Any] = p[2] if len(p) > 3 else []
        rest: ast.Pattern | None = None
        items: list[ast.Pattern] = []
        for part in parts:
            if isinstance(part, tuple):
                if part is not parts[-1]:
                    message = "'...' must come last in a list pattern"
                    self.error("OSP1025", message, part[0], "there may be one rest, at the end")
                rest = part[1]
            else:
                items.append(part)
        p[0] = ast.PList(self.span(p[1], p[len(p) - 1]), items, rest)

    def p_list_parts(self, p: list[Any]) -> None:
        """list_parts : list_part
        | list_parts COMMA list_part"""
        p[0] = self.extended(p, 3)

    def p_list_part(self, p: list[Any]) -> None:
        """list_part : pattern
        | ELLIPSIS NAME
        | ELLIPSIS"""
        if type(p[1]) is not Token:
            p[0] = p[1]
        elif len(p) == 3:
            pattern: ast.Pattern = self.name_pattern(self.at(p[2]), p[2].value)
            p[0] = (self.span(p[1], p[2]), pattern)
        else:
            p[0] = (self.at(p[1]), ast.PWild(self.at(p[1])))

    def p_record_pattern(self, p: list[Any]) -> None:
        """record_pattern : LBRACE pattern_fields RBRACE
        | ANON_LBRACE pattern_fields RBRACE"""
        fields = [field for field in p[2] if type(field) is not Token]
        p[0] = ast.PRecord(self.span(p[1], p[3]), fields, len(fields) < len(p[2]))

    def p_pattern_fields_list(self, p: list[Any]) -> None:
        """pattern_fields : pattern_field_list
        | pattern_field_list COMMA"""
        for field in p[1][:-1]:
            if type(field) is Token:
                self.error("OSP1025", "'..' must come last in a record pattern", self.at(field))
        p[0] = p[1]

    def p_pattern_field_list(self, p: list[Any]) -> None:
        """pattern_field_list : pattern_field
        | pattern_field_list COMMA pattern_field"""
        p[0] = self.extended(p, 3)

    def p_pattern_field(self, p: list[Any]) -> None:
        """pattern_field : NAME
        | NAME COLON pattern
        | DOTDOT"""
        name = p[1]
        if name.type == "DOTDOT":
            p[0] = name
            return
        pattern = p[3] if len(p) == 4 else ast.PBind(self.at(name), self.binder(name))
        p[0] = ast.PField(self.span(name, pattern), name.value, self.at(name), pattern)

    # Shared by the actions

    @staticmethod
    def extended(p: list[Any], item: int) -> list[Any]:
        """A list of one, or p[1] with p[item] (where there is one) appended."""
        if len(p) == 2:
            return [p[1]]
        if len(p) > item:
            p[1].append(p[item])
        return p[1]

    def unused_values(self, items: list[ast.Stmt]) -> None:
        """A bare name or literal that is not the last statement of its block does nothing."""
        for item, following in pairwise(items):
            if isinstance(item, ast.ExprStmt) and isinstance(item.expr, _VALUES):
                if isinstance(following, ast.ExprStmt) and isinstance(following.expr, ast.Broken):
                    continue  # who knows what it belonged to
                message = "this value is not used"
                hint = "call a function, bind the value with 'let', or remove it"
                if isinstance(item.expr, ast.Name) and item.expr.name in FOREIGN:
                    hint = FOREIGN[item.expr.name]
                    if isinstance(following, ast.Assign):
                        self.damage.names.add(following.name)
                self.error("OSP1026", message, item.expr.span, hint)

    def refuse_in_block(self, item: ast.Stmt) -> None:
        """A declaration that may stand only in a file or a module stands in a block."""
        if getattr(item, "exported", False):
            what = "'export'"
        else:
            what = _FILE_SCOPE[type(item)]
            if isinstance(item, (ast.TypeDecl, ast.ExternFn, ast.Module, ast.EffectDecl)):
                self.damage.names.add(item.name)
            if isinstance(item, ast.TypeDecl) and isinstance(item.definition, ast.UnionDef):
                self.damage.names.update(variant.name for variant in item.definition.variants)
        message = f"{what} may stand only in a file or a module"
        self.error("OSP1027", message, item.span, "move it out of the block")


START = "program"
