"""Tokens to a syntax tree: expressions by precedence climbing, the rest by recursive descent."""

from minic.declarations import Declarations
from minic.lexer import CompileError
from minic.types import INT, LONG, UINT, ULONG, Function

FIELDS = {
    # Expressions.
    "number": ("value",),
    "string": ("data",),
    "name": ("name",),
    "unary": ("op", "operand"),
    "binary": ("op", "left", "right"),
    "logical": ("op", "left", "right"),
    "conditional": ("test", "then", "otherwise"),
    "assign": ("target", "value"),
    "update": ("op", "target", "value"),  # target op= value
    "postfix": ("op", "operand"),
    "call": ("name", "arguments"),
    "member": ("base", "member"),
    "cast": ("to", "operand"),
    "sizeof": ("what",),  # a type or an expression
    "comma": ("left", "right"),
    "initialiser": ("items",),
    # Expressions that only the checker makes.
    "variable": ("symbol",),
    "held": (),  # the old value of the target of the innermost update
    # Statements.
    "block": ("body",),
    "expression": ("value",),
    "if": ("test", "then", "otherwise"),
    "loop": ("start", "test", "step", "body", "first"),  # first: the test comes before the body
    "switch": ("value", "body"),
    "case": ("value",),  # None for default
    "break": (),
    "continue": (),
    "return": ("value",),
    "clear": ("symbol",),  # from the checker: fill with zeros
    "declaration": ("name", "declared", "value", "storage"),
    "function": ("name", "declared", "parameters", "body", "storage"),
}
PRECEDENCE = {
    op: level
    for level, ops in enumerate(
        ["||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %"],
        start=1,
    )
    for op in ops.split()
}
UPDATES = frozenset("+= -= *= /= %= &= |= ^= <<= >>=".split())


class Node:
    """A node of the tree. Its kind says which fields it has; `place` is (file, line)."""

    type = None

    def __init__(self, kind, place, *values, type=None):
        self.kind = kind
        self.place = place
        for name, value in zip(FIELDS[kind], values):
            setattr(self, name, value)
        if type is not None:
            self.type = type


class Tokens:
    """The tokens, with one to look ahead."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0

    @property
    def token(self):
        return self.tokens[self.at]

    @property
    def place(self):
        return self.tokens[self.at].place

    def fail(self, message):
        raise CompileError(self.place, message)

    def take(self):
        """The current token; goes on to the next, but never past the end."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *texts):
        """Whether the current token is one of these operators or keywords."""
        token = self.tokens[self.at]
        return token.value in texts and token.kind in ("operator", "keyword")

    def accept(self, text):
        if self.sees(text):
            self.at += 1
            return True
        return False

    def expect(self, text):
        if not self.accept(text):
            self.fail(f"expected {text} before {self.shown()}")

    def name(self):
        if self.token.kind != "name":
            self.fail(f"expected a name before {self.shown()}")
        return self.take().value

    def shown(self):
        return "a string" if self.token.kind == "string" else str(self.token.value)


class Expressions(Tokens):
    """Expressions; types inside of them are read by Declarations."""

    def expression(self):
        left = self.assignment()
        while self.sees(","):
            place = self.take().place
            left = Node("comma", place, left, self.assignment())
        return left

    def assignment(self):
        target = self.conditional()
        token = self.token
        if self.accept("="):
            return Node("assign", token.place, target, self.assignment())
        if token.kind == "operator" and token.value in UPDATES:
            self.take()
            return Node("update", token.place, token.value[:-1], target, self.assignment())
        return target

    def conditional(self):
        test = self.binary(1)
        if not self.sees("?"):
            return test
        place = self.take().place
        then = self.expression()
        self.expect(":")
        return Node("conditional", place, test, then, self.conditional())

    def binary(self, lowest):
        left = self.unary()
        while True:
            token = self.token
            level = PRECEDENCE.get(token.value, 0) if token.kind == "operator" else 0
            if level < lowest:
                return left
            self.take()
            right = self.binary(level + 1)
            kind = "logical" if level <= 2 else "binary"
            left = Node(kind, token.place, token.value, left, right)

    def unary(self):
        token = self.token
        if self.sees("-", "+", "!", "~", "*", "&"):
            self.take()
            return Node("unary", token.place, token.value, self.unary())
        if self.sees("++", "--"):
            self.take()
            one = Node("number", token.place, 1, type=INT)
            return Node("update", token.place, token.value[0], self.unary(), one)
        if self.accept("sizeof"):
            return self.size_of(token.place)
        if self.sees("(") and self.starts_type(1):
            self.take()
            to = self.type_name()
            self.expect(")")
            return Node("cast", token.place, to, self.unary())
        return self.postfix()

    def size_of(self, place):
        if self.sees("(") and self.starts_type(1):
            self.take()
            what = self.type_name()
            self.expect(")")
        else:
            what = self.unary()
        return Node("sizeof", place, what)

    def postfix(self):
        node = self.primary()
        while self.sees("[", ".", "->", "++", "--"):
            token = self.take()
            if token.value == "[":
                node = Node("unary", token.place, "*", Node("binary", token.place, "+", node, self.expression()))
                self.expect("]")
            elif token.value in ("++", "--"):
                node = Node("postfix", token.place, token.value[0], node)
            else:
                base = node if token.value == "." else Node("unary", token.place, "*", node)
                node = Node("member", token.place, base, self.name())
        return node

    def primary(self):
        token = self.take()
        if token.kind == "number":
            return Node("number", token.place, token.value, type=number_type(token))
        if token.kind == "string":
            return Node("string", token.place, self.joined(token.value))
        if token.kind == "name":
            return self.call(token) if self.sees("(") else Node("name", token.place, token.value)
        if token.value == "(" and token.kind == "operator":
            node = self.expression()
            self.expect(")")
            return node
        self.at -= token.kind != "end"
        return self.fail(f"expected an expression before {self.shown()}")

    def joined(self, data):
        """Neighbouring string literals are one."""
        while self.token.kind == "string":
            data += self.take().value
        return data

    def call(self, token):
        self.expect("(")
        arguments = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.assignment())
        return Node("call", token.place, token.value, arguments)


class Parser(Declarations, Expressions):
    """Statements and whole files."""

    def __init__(self, tokens):
        super().__init__(tokens)
        self.structs = {}

    def unit(self):
        """All top-level declarations and definitions of one file."""
        nodes = []
        while self.token.kind != "end":
            if not self.starts_declaration():
                self.fail(f"expected a declaration before {self.shown()}")
            storage, base = self.specifiers()
            parameters = []
            place = self.place
            if self.accept(";"):
                continue
            name, type_ = self.declarator(base, parameters)
            if isinstance(type_, Function) and self.sees("{"):
                nodes.append(self.definition(place, storage, name, type_, parameters))
            else:
                nodes += self.declarations(place, storage, base, name, type_)
        return nodes

    def definition(self, place, storage, name, type_, parameters):
        if any(parameter is None for parameter, _ in parameters):
            self.fail(f"a parameter of {name} has no name")
        return Node("function", place, name, type_, parameters, self.block(), storage)

    def declarations(self, place, storage, base, name, type_):
        """The rest of a declaration whose first name has been read."""
        nodes = []
        while True:
            value = self.initialiser() if self.accept("=") else None
            nodes.append(Node("declaration", place, name, type_, value, storage))
            if not self.accept(","):
                break
            place = self.place
            name, type_ = self.declarator(base)
        self.expect(";")
        return nodes

    def initialiser(self):
        if not self.sees("{"):
            return self.assignment()
        place = self.take().place
        items = []
        while not self.accept("}"):
            items.append(self.initialiser())
            if not self.sees("}"):
                self.expect(",")
        return Node("initialiser", place, items)

    def block(self):
        place = self.place
        self.expect("{")
        body = []
        while not self.sees("}"):
            if self.token.kind == "end":
                self.fail("expected } before end of file")
            body += self.item()
        self.expect("}")
        return Node("block", place, body)

    def item(self):
        """One statement, or the declarations of one line."""
        if not self.starts_declaration():
            return [self.statement()]
        storage, base = self.specifiers()
        place = self.place
        if self.accept(";"):
            return []
        name, type_ = self.declarator(base)
        return self.declarations(place, storage, base, name, type_)

    def statement(self):
        token = self.token
        if token.kind == "operator" and token.value == "{":
            return self.block()
        if token.kind == "keyword":
            handler = getattr(self, f"{token.value}_statement", None)
            if handler:
                self.take()
                return handler(token.place)
        if self.accept(";"):
            return Node("block", token.place, [])
        node = Node("expression", token.place, self.expression())
        self.expect(";")
        return node

    def condition(self):
        self.expect("(")
        node = self.expression()
        self.expect(")")
        return node

    def if_statement(self, place):
        test, then = self.condition(), self.statement()
        otherwise = self.statement() if self.accept("else") else None
        return Node("if", place, test, then, otherwise)

    def while_statement(self, place):
        test = self.condition()
        return Node("loop", place, None, test, None, self.statement(), True)

    def do_statement(self, place):
        body = self.statement()
        self.expect("while")
        test = self.condition()
        self.expect(";")
        return Node("loop", place, None, test, None, body, False)

    def for_statement(self, place):
        self.expect("(")
        start = Node("block", place, self.item()) if not self.accept(";") else None
        test = None if self.sees(";") else self.expression()
        self.expect(";")
        step = None if self.sees(")") else Node("expression", self.place, self.expression())
        self.expect(")")
        return Node("loop", place, start, test, step, self.statement(), True)

    def switch_statement(self, place):
        value = self.condition()
        return Node("switch", place, value, self.statement())

    def case_statement(self, place):
        value = self.conditional()
        self.expect(":")
        return Node("case", place, value)

    def default_statement(self, place):
        self.expect(":")
        return Node("case", place, None)

    def break_statement(self, place):
        self.expect(";")
        return Node("break", place)

    def continue_statement(self, place):
        self.expect(";")
        return Node("continue", place)

    def return_statement(self, place):
        value = None if self.sees(";") else self.expression()
        self.expect(";")
        return Node("return", place, value)


def number_type(token):
    """The first type that holds the value (C17 6.4.4.1, with decimal numbers never becoming unsigned)."""
    if "u" in token.suffix:
        return UINT if "l" not in token.suffix and token.value < 2**32 else ULONG
    return INT if "l" not in token.suffix and token.value < 2**31 else LONG


def parse(tokens):
    """The top-level nodes of one file."""
    return Parser(tokens).unit()
