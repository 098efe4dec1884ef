"""Gives every expression a type, and reduces the forms of expressions to those that Emitter knows.

Afterwards each conversion is a cast, pointer arithmetic is in bytes, a member is an offset, the operands of a binary
node have one type (for shifts, the left one counts), and an update has the whole operation, on a held node, as value.
"""

from minic.lexer import CompileError
from minic.parser import Node
from minic.types import CHAR, INT, LONG, ULONG, VOID, Array, Function, Pointer, Struct, Type, common, promoted

COMPARISONS = frozenset(["==", "!=", "<", ">", "<=", ">="])


class Symbol:
    """A variable or function. A local one gets its `offset` from the frame pointer later; others have a `label`."""

    def __init__(self, name, type_, label=None):
        self.name = name
        self.type = type_
        self.label = label
        self.offset = 0
        self.defined = False
        self.tentative = False
        self.exported = True


class Scopes:
    """The file's names, and a stack of blocks within the current function."""

    def __init__(self):
        self.globals = {}
        self.blocks = []

    def find(self, place, name):
        for block in reversed(self.blocks):
            if name in block:
                return block[name]
        if name not in self.globals:
            raise CompileError(place, f"{name} is not declared")
        return self.globals[name]

    def add_local(self, place, symbol):
        if symbol.name in self.blocks[-1]:
            raise CompileError(place, f"{symbol.name} is declared twice in this block")
        self.blocks[-1][symbol.name] = symbol
        return symbol

    def add_global(self, place, name, type_, storage):
        """Declare, or declare again, a function or a variable of the file."""
        known = self.globals.get(name)
        if known is None:
            known = self.globals[name] = Symbol(name, type_, label=name)
            known.exported = storage != "static"
        elif known.type != type_ and not completes(known.type, type_):
            raise CompileError(place, f"{name} is declared as {type_}, but was {known.type} before")
        elif storage == "static" and known.exported:
            raise CompileError(place, f"{name} is static here, but was not before")
        if better(type_, known.type):
            known.type = type_
        return known

    def define(self, place, symbol):
        if symbol.defined:
            raise CompileError(place, f"{symbol.name} is defined twice")
        symbol.defined = True


def completes(left, right):
    """Whether two array types differ only in that one has no length yet."""
    arrays = isinstance(left, Array) and isinstance(right, Array)
    return arrays and left.element == right.element and None in (left.count, right.count)


def better(new, old):
    """Whether a later declaration says more than the one before."""
    if isinstance(new, Function):
        return new.parameters is not None
    return new.complete


class Expressions:
    """Checks expressions; Checker adds statements and declarations."""

    def __init__(self):
        self.scopes = Scopes()

    # The four ways in which an expression is used.

    def place_of(self, node):
        """An expression as it is, arrays and void included."""
        return getattr(self, f"type_{node.kind}")(node)

    def anything(self, node):
        """A value that may be void."""
        node = self.place_of(node)
        if isinstance(node.type, Array):
            return Node("unary", node.place, "&", node, type=Pointer(node.type.element))
        return node

    def value(self, node):
        node = self.anything(node)
        if node.type is VOID:
            raise CompileError(node.place, "there is no value here: the type is void")
        return node

    def condition(self, node):
        node = self.value(node)
        if not node.type.scalar:
            raise CompileError(node.place, f"{node.type} cannot be true or false")
        return node

    # Conversions.

    def cast(self, node, type_):
        return node if node.type == type_ else Node("cast", node.place, type_, node, type=type_)

    def converted(self, node, type_):
        """Convert as by assignment (C17 6.5.16.1)."""
        source = node.type
        if source.integer and type_.integer:
            return self.cast(node, type_)
        if isinstance(type_, Pointer):
            null = node.kind == "number" and node.value == 0
            pointer = isinstance(source, Pointer) and (source.target is VOID or type_.target is VOID)
            if null or pointer:
                return self.cast(node, type_)
        if source != type_:
            raise CompileError(node.place, f"{source} cannot become {type_}")
        return node

    def integers(self, node, *operands):
        for operand in operands:
            if not operand.type.integer:
                raise CompileError(node.place, f"{node.op} does not work on {operand.type}")

    # One method per kind of node.

    def type_number(self, node):
        return node

    def type_string(self, node):
        node.type = Array(CHAR, len(node.data) + 1)
        return node

    def type_name(self, node):
        symbol = self.scopes.find(node.place, node.name)
        if isinstance(symbol.type, Function):
            raise CompileError(node.place, f"{node.name} is a function; it can only be called")
        return Node("variable", node.place, symbol, type=symbol.type)

    def type_unary(self, node):
        if node.op == "&":
            operand = self.lvalue(self.place_of(node.operand))
            return Node("unary", node.place, "&", operand, type=Pointer(operand.type))
        if node.op == "!":
            return Node("unary", node.place, "!", self.condition(node.operand), type=INT)
        operand = self.value(node.operand)
        if node.op == "*":
            if not isinstance(operand.type, Pointer):
                raise CompileError(node.place, f"{operand.type} is not a pointer")
            return Node("unary", node.place, "*", operand, type=operand.type.target)
        self.integers(node, operand)
        operand = self.cast(operand, promoted(operand.type))
        return operand if node.op == "+" else Node("unary", node.place, node.op, operand, type=operand.type)

    def lvalue(self, node):
        member = node
        while member.kind == "member":
            member = member.base
        if member.kind in ("variable", "string") or (member.kind == "unary" and member.op == "*"):
            return node
        raise CompileError(node.place, "this has no place in memory")

    def type_binary(self, node):
        return self.operation(node, self.value(node.left), self.value(node.right))

    def operation(self, node, left, right):
        """A binary operator on two typed values."""
        op = node.op
        if isinstance(left.type, Pointer) or isinstance(right.type, Pointer):
            return self.pointers(node, left, right)
        self.integers(node, left, right)
        if op in ("<<", ">>"):
            left = self.cast(left, promoted(left.type))
            return Node("binary", node.place, op, left, self.cast(right, LONG), type=left.type)
        meeting = common(left.type, right.type)
        left, right = self.cast(left, meeting), self.cast(right, meeting)
        return Node("binary", node.place, op, left, right, type=INT if op in COMPARISONS else meeting)

    def pointers(self, node, left, right):
        if node.op in COMPARISONS:
            if isinstance(left.type, Pointer):
                right = self.converted(right, left.type)
            else:
                left = self.converted(left, right.type)
            return Node("binary", node.place, node.op, left, right, type=INT)
        if node.op == "+" and left.type.integer:
            left, right = right, left
        if node.op in "+-" and right.type.integer:
            offset = self.scaled(node, left.type, right)
            return Node("binary", node.place, node.op, left, offset, type=left.type)
        if node.op == "-" and left.type == right.type:
            size = Node("number", node.place, left.type.target.size, type=LONG)
            bytes_ = Node("binary", node.place, "-", self.cast(left, LONG), self.cast(right, LONG), type=LONG)
            return Node("binary", node.place, "/", bytes_, size, type=LONG)
        raise CompileError(node.place, f"{node.op} does not work on {left.type} and {right.type}")

    def scaled(self, node, pointer, count):
        """A count of elements in bytes."""
        if not pointer.target.complete:
            raise CompileError(node.place, f"{pointer} does not know the size of what it points to")
        size = Node("number", node.place, pointer.target.size, type=LONG)
        if count.kind == "number":
            return Node("number", node.place, count.value * size.value, type=LONG)
        count = self.cast(count, LONG)
        return count if size.value == 1 else Node("binary", node.place, "*", count, size, type=LONG)

    def type_logical(self, node):
        return Node("logical", node.place, node.op, self.condition(node.left), self.condition(node.right), type=INT)

    def type_conditional(self, node):
        test, then, otherwise = self.condition(node.test), self.anything(node.then), self.anything(node.otherwise)
        if then.type.integer and otherwise.type.integer:
            type_ = common(then.type, otherwise.type)
        else:
            type_ = then.type if isinstance(then.type, Pointer) else otherwise.type
        then, otherwise = self.converted(then, type_), self.converted(otherwise, type_)
        return Node("conditional", node.place, test, then, otherwise, type=type_)

    def type_assign(self, node):
        return self.assignment(node.place, self.place_of(node.target), node.value)

    def assignment(self, place, target, value):
        """Assign an unchecked value to a typed place."""
        self.lvalue(target)
        if isinstance(target.type, Array):
            raise CompileError(place, "an array cannot be assigned to")
        value = self.converted(self.value(value), target.type)
        return Node("assign", place, target, value, type=target.type)

    def type_update(self, node):
        target = self.lvalue(self.place_of(node.target))
        held = Node("held", node.place, type=target.type)
        value = self.converted(self.operation(node, held, self.value(node.value)), target.type)
        return Node("update", node.place, node.op, target, value, type=target.type)

    def type_postfix(self, node):
        """`x++` is `(x += 1) - 1`, in the type of x."""
        one = Node("number", node.place, 1, type=INT)
        update = self.type_update(Node("update", node.place, node.op, node.operand, one))
        back = Node("binary", node.place, "-" if node.op == "+" else "+", None, None)
        return self.cast(self.operation(back, update, one), update.type)

    def type_call(self, node):
        symbol = self.scopes.find(node.place, node.name)
        type_ = symbol.type
        if not isinstance(type_, Function):
            raise CompileError(node.place, f"{node.name} is not a function")
        arguments = [self.value(argument) for argument in node.arguments]
        call = Node("call", node.place, symbol, self.arguments(node, type_, arguments), type=type_.result)
        call.variadic = type_.variadic or type_.parameters is None
        return call

    def arguments(self, node, type_, arguments):
        parameters = type_.parameters or []
        fixed = [self.converted(argument, wanted) for argument, wanted in zip(arguments, parameters)]
        rest = arguments[len(parameters) :]
        return fixed + [self.cast(item, promoted(item.type)) if item.type.integer else item for item in rest]

    def type_member(self, node):
        base = self.place_of(node.base)
        if not isinstance(base.type, Struct) or node.member not in base.type.members:
            raise CompileError(node.place, f"{base.type} has no member {node.member}")
        type_, offset = base.type.members[node.member]
        return Node("member", node.place, base, offset, type=type_)

    def type_cast(self, node):
        operand = self.anything(node.operand)
        if node.to is not VOID and not (node.to.scalar and operand.type.scalar):
            raise CompileError(node.place, f"{operand.type} cannot be cast to {node.to}")
        return self.cast(operand, node.to)

    def type_sizeof(self, node):
        what = node.what if isinstance(node.what, Type) else self.place_of(node.what).type
        if not what.complete:
            raise CompileError(node.place, f"{what} has no size")
        return Node("number", node.place, what.size, type=ULONG)

    def type_comma(self, node):
        left, right = self.anything(node.left), self.anything(node.right)
        return Node("comma", node.place, left, right, type=right.type)

    def type_initialiser(self, node):
        raise CompileError(node.place, "a list in braces is not an expression")
