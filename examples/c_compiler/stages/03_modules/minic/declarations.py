"""Types and declarators, `static char *names[4]` and the like, with the constants in them."""

from minic import types
from minic.lexer import CompileError
from minic.types import Array, Function, Pointer, Struct, Type, common, promoted, wrapped

TYPE_WORDS = frozenset("void char short int long signed unsigned struct const".split())
STORAGE_WORDS = frozenset(["static", "extern"])
INTEGERS = {
    "char": (types.CHAR, types.UCHAR),
    "short": (types.SHORT, types.USHORT),
    "int": (types.INT, types.UINT),
    "long": (types.LONG, types.ULONG),
}
COMPARISONS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "%": lambda a, b: abs(a) % abs(b) * (-1 if a < 0 else 1),
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
}
UNARY = {"-": lambda a: -a, "+": lambda a: a, "~": lambda a: ~a}


class Declarations:
    """What Parser knows about declarations; `structs` are those of the file by tag."""

    def starts_type(self, ahead=0):
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.kind == "keyword" and token.value in TYPE_WORDS

    def starts_declaration(self):
        return self.starts_type() or self.sees("static", "extern")

    def specifiers(self):
        """(storage, base type) of a declaration."""
        storage, words, struct = "", [], None
        while self.token.kind == "keyword" and self.token.value in TYPE_WORDS | STORAGE_WORDS:
            word = self.take().value
            if word in STORAGE_WORDS:
                if storage:
                    self.fail("more than one storage class")
                storage = word
            elif word == "struct":
                struct = self.struct()
            elif word != "const":
                words.append(word)
        if struct and not words:
            return storage, struct
        if struct:
            self.fail(f"struct and {words[0]} in one type")
        return storage, self.basic(words)

    def basic(self, words):
        signs = [word for word in words if word in ("signed", "unsigned")]
        rest = [word for word in words if word not in ("signed", "unsigned")]
        if len(rest) > 1 and "int" in rest:
            rest.remove("int")
        if rest == ["long", "long"]:
            rest = ["long"]
        if len(signs) > 1 or len(rest) > 1 or not words or (signs and rest == ["void"]):
            self.fail(f"{' '.join(words) or 'nothing'} is not a type")
        if rest == ["void"]:
            return types.VOID
        return INTEGERS[rest[0] if rest else "int"][signs == ["unsigned"]]

    def struct(self):
        tag = self.name()
        struct = self.structs.setdefault(tag, Struct(tag))
        if not self.accept("{"):
            return struct
        if struct.complete:
            self.fail(f"struct {tag} is defined twice")
        members = []
        while not self.accept("}"):
            _, base = self.specifiers()
            while not self.accept(";"):
                name, type_ = self.declarator(base)
                self.check_member(struct, name, type_, [known for known, _ in members])
                members.append((name, type_))
                if not self.sees(";"):
                    self.expect(",")
        struct.define(members)
        return struct

    def check_member(self, struct, name, type_, known):
        if not type_.complete:
            self.fail(f"member {name} of struct {struct.tag} has the incomplete type {type_}")
        if name in known:
            self.fail(f"struct {struct.tag} has two members called {name}")

    def type_name(self):
        """A type without a name, as in casts and sizeof."""
        _, base = self.specifiers()
        return self.pointers(base)

    def pointers(self, type_):
        while self.accept("*"):
            type_ = Pointer(type_)
            while self.accept("const"):
                pass
        return type_

    def declarator(self, base, parameter_names=None):
        """(name, type). The names of a function's parameters are added to `parameter_names`."""
        type_ = self.pointers(base)
        name = self.name()
        if self.accept("("):
            return name, self.function(type_, [] if parameter_names is None else parameter_names)
        return name, self.arrays(type_)

    def arrays(self, element):
        if not self.accept("["):
            return element
        count = None if self.sees("]") else constant(self.conditional())
        self.expect("]")
        inner = self.arrays(element)
        if not inner.complete or (count is not None and count <= 0):
            self.fail(f"an array of {count} x {inner} is not possible")
        return Array(inner, count)

    def function(self, result, names):
        if isinstance(result, Struct):
            self.fail("functions that return a struct are not supported")
        if self.accept(")"):
            return Function(result, None, False)
        if self.sees("void") and self.tokens[self.at + 1].value == ")":
            self.at += 2
            return Function(result, [], False)
        wanted, variadic = [], False
        while True:
            if self.accept("..."):
                variadic = True
                break
            name, type_ = self.parameter()
            names.append((name, type_))
            wanted.append(type_)
            if not self.accept(","):
                break
        self.expect(")")
        return Function(result, wanted, variadic)

    def parameter(self):
        """(name or None, type); an array is a pointer to its first element."""
        _, base = self.specifiers()
        type_ = self.pointers(base)
        name = self.name() if self.token.kind == "name" else None
        type_ = self.arrays(type_)
        if isinstance(type_, Array):
            type_ = Pointer(type_.element)
        if not type_.scalar:
            self.fail(f"a parameter cannot be of type {type_}")
        return name, type_


def constant(node):
    """The value of an integer constant expression.

    Raises:
        CompileError: It is not one, or it divides by zero.
    """
    return fold(node)[0]


def fold(node):
    """(value, type)."""
    if node.kind == "number":
        return node.value, node.type
    if node.kind == "unary" and node.op in "-+~":
        value, type_ = fold(node.operand)
        type_ = promoted(type_)
        return wrapped(UNARY[node.op](value), type_), type_
    if node.kind == "unary" and node.op == "!":
        value, type_ = fold(node.operand)
        return int(not value), promoted(type_)
    if node.kind == "binary":
        return binary(node)
    if node.kind == "conditional":
        return fold(node.then if constant(node.test) else node.otherwise)
    if node.kind == "logical":
        left = constant(node.left) != 0
        value = left if left == (node.op == "||") else constant(node.right) != 0
        return int(value), fold(node.left)[1]
    if node.kind == "sizeof" and isinstance(node.what, Type) and node.what.complete:
        return node.what.size, types.ULONG
    if node.kind == "cast" and node.to.integer:
        return wrapped(constant(node.operand), node.to), node.to
    raise CompileError(node.place, "this must be a constant")


def binary(node):
    (left, left_type), (right, right_type) = fold(node.left), fold(node.right)
    type_ = promoted(left_type) if node.op in ("<<", ">>") else common(left_type, right_type)
    if node.op in ("/", "%") and right == 0:
        raise CompileError(node.place, "division by zero in a constant")
    if node.op in COMPARISONS:
        return int(COMPARISONS[node.op](wrapped(left, type_), wrapped(right, type_))), promoted(left_type)
    if node.op not in ("<<", ">>"):
        left, right = wrapped(left, type_), wrapped(right, type_)
    return wrapped(OPERATIONS[node.op](left, right), type_), type_
