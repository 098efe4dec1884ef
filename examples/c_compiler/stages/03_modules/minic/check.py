"""Checks declarations and statements; collects what the code generator needs."""

from minic.declarations import constant
from minic.expressions import Expressions, Symbol
from minic.lexer import CompileError
from minic.parser import Node
from minic.types import VOID, Array, Function, Struct, promoted, wrapped


class CheckedFunction:
    """A function ready for the code generator. `variables` are its parameters and all its locals."""

    def __init__(self, symbol, parameters):
        self.symbol = symbol
        self.parameters = parameters
        self.variables = list(parameters)
        self.body = None


class Checker(Expressions):
    """Checks one file. `functions` and `data`, (symbol, flat values), are the result."""

    def __init__(self):
        super().__init__()
        self.functions = []
        self.data = []
        self.function = None
        self.loops = 0
        self.switches = []
        self.statics = 0

    def unit(self, nodes):
        for node in nodes:
            if node.kind == "function":
                self.define_function(node)
            else:
                self.global_variable(node)
        self.tentative()
        return self

    # Declarations.

    def global_variable(self, node):
        type_ = sized(node.declared, node.value)
        symbol = self.scopes.add_global(node.place, node.name, type_, node.storage)
        if isinstance(type_, Function):
            return
        if not type_.complete and node.storage != "extern":
            raise CompileError(node.place, f"{node.name} has the incomplete type {type_}")
        if node.value is not None:
            self.scopes.define(node.place, symbol)
            self.add_data(symbol, node.value)
        elif node.storage != "extern":
            symbol.tentative = True

    def tentative(self):
        """Variables that no declaration gave a value start as zero."""
        for symbol in self.scopes.globals.values():
            if symbol.tentative and not symbol.defined:
                self.data.append((symbol, []))

    def add_data(self, symbol, value):
        values = flatten(symbol.type, value)
        self.data.append((symbol, [(at, type_, self.static_value(type_, item)) for at, type_, item in values]))

    def static_value(self, type_, node):
        """A number, or an address that the linker knows, as (label or string, bytes to add)."""
        node = self.converted(self.value(node), type_)
        try:
            return constant(node)
        except CompileError:
            return address(node)

    def define_function(self, node):
        symbol = self.scopes.add_global(node.place, node.name, node.declared, node.storage)
        self.scopes.define(node.place, symbol)
        self.scopes.blocks = [{}]
        parameters = [Symbol(name, type_) for name, type_ in node.parameters]
        for parameter in parameters:
            self.scopes.add_local(node.place, parameter)
        self.function = CheckedFunction(symbol, parameters)
        self.function.body = self.statements(node.body.body)
        self.functions.append(self.function)
        self.scopes.blocks = []

    def local_variable(self, node):
        if node.storage == "extern" or isinstance(node.declared, Function):
            self.scopes.add_local(node.place, self.scopes.add_global(node.place, node.name, node.declared, "extern"))
            return []
        type_ = sized(node.declared, node.value)
        if not type_.complete:
            raise CompileError(node.place, f"{node.name} has the incomplete type {type_}")
        if node.storage == "static":
            return self.static_variable(node, type_)
        symbol = self.scopes.add_local(node.place, Symbol(node.name, type_))
        self.function.variables.append(symbol)
        return [] if node.value is None else self.initialise(node, symbol)

    def static_variable(self, node, type_):
        self.statics += 1
        symbol = self.scopes.add_local(node.place, Symbol(node.name, type_, label=f"{node.name}.{self.statics}"))
        symbol.exported = False
        if node.value is None:
            self.data.append((symbol, []))
        else:
            self.add_data(symbol, node.value)
        return []

    def initialise(self, node, symbol):
        variable = Node("variable", node.place, symbol, type=symbol.type)
        if symbol.type.scalar or node.value.kind not in ("initialiser", "string"):
            return [Node("expression", node.place, self.assignment(node.place, variable, node.value))]
        body = [Node("clear", node.place, symbol)]
        for offset, type_, value in flatten(symbol.type, node.value):
            target = Node("member", node.place, variable, offset, type=type_)
            body.append(Node("expression", node.place, self.assignment(node.place, target, value)))
        return body

    # Statements: each gives the list of statements that replaces it.

    def statements(self, nodes):
        return [done for node in nodes for done in self.statement(node)]

    def statement(self, node):
        return getattr(self, f"check_{node.kind}")(node)

    def scoped(self, nodes):
        self.scopes.blocks.append({})
        done = self.statements(nodes)
        self.scopes.blocks.pop()
        return done

    def check_declaration(self, node):
        return self.local_variable(node)

    def check_block(self, node):
        return self.scoped(node.body)

    def check_expression(self, node):
        return [Node("expression", node.place, self.anything(node.value))]

    def check_if(self, node):
        otherwise = self.scoped([node.otherwise]) if node.otherwise else []
        return [Node("if", node.place, self.condition(node.test), self.scoped([node.then]), otherwise)]

    def check_loop(self, node):
        self.scopes.blocks.append({})
        start = self.statements(node.start.body) if node.start else []
        test = self.condition(node.test) if node.test else None
        step = self.statement(node.step) if node.step else []
        self.loops += 1
        self.switches.append(None)
        body = self.scoped([node.body])
        self.switches.pop()
        self.loops -= 1
        self.scopes.blocks.pop()
        return [*start, Node("loop", node.place, None, test, step, body, node.first)]

    def check_switch(self, node):
        value = self.value(node.value)
        if not value.type.integer:
            raise CompileError(node.place, f"switch needs an integer, not {value.type}")
        switch = Node("switch", node.place, self.converted(value, promoted(value.type)), [])
        switch.cases = {}
        self.switches.append(switch)
        switch.body = self.scoped([node.body])
        self.switches.pop()
        return [switch]

    def check_case(self, node):
        switch = next(switch for switch in reversed(self.switches) if switch)
        value = None if node.value is None else wrapped(constant(node.value), switch.value.type)
        case = switch.cases[value] = Node("case", node.place, value)
        return [case]

    def check_break(self, node):
        return [node]

    def check_continue(self, node):
        return [node]

    def check_return(self, node):
        result = self.function.symbol.type.result
        if node.value is None:
            return [node]
        if result is VOID:
            raise CompileError(node.place, f"{self.function.symbol.name} returns nothing")
        return [Node("return", node.place, self.converted(self.value(node.value), result))]


def sized(type_, value):
    """The type of a declared name, where its initialiser may give the length of the array."""
    if not isinstance(type_, Array) or type_.count is not None or value is None:
        return type_
    if value.kind == "string" and type_.element.size == 1:
        return Array(type_.element, len(value.data) + 1)
    if value.kind == "initialiser":
        return Array(type_.element, len(value.items))
    raise CompileError(value.place, "an array needs a list in braces")


def flatten(type_, value, offset=0):
    """(offset, type, expression) of every value given; what is missing is zero."""
    if isinstance(type_, Array) and value.kind == "string" and type_.element.size == 1:
        return characters(type_, value, offset)
    if value.kind != "initialiser":
        if isinstance(type_, Array):
            raise CompileError(value.place, "an array needs a list in braces")
        return [(offset, type_, value)]
    if isinstance(type_, Array):
        slots = [(type_.element, index * type_.element.size) for index in range(type_.count)]
    elif isinstance(type_, Struct):
        slots = list(type_.members.values())
    else:
        slots = [(type_, 0)]
    if len(value.items) > len(slots):
        raise CompileError(value.place, f"too many values for {type_}")
    return [piece for (inner, at), item in zip(slots, value.items) for piece in flatten(inner, item, offset + at)]


def characters(type_, value, offset):
    data = value.data + b"\0"
    if len(value.data) > type_.count:
        raise CompileError(value.place, f"the string is too long for {type_}")
    return [
        (offset + index, type_.element, Node("number", value.place, code, type=type_.element))
        for index, code in enumerate(data[: type_.count])
    ]


def address(node):
    """(label or bytes of a string, offset) of an address constant."""
    if node.kind == "cast":
        return address(node.operand)
    if node.kind == "unary" and node.op == "&":
        return symbolic_place(node.operand)
    if node.kind == "binary" and node.op in "+-":
        base, offset = address(node.left)
        return base, offset + constant(node.right) * (1 if node.op == "+" else -1)
    raise CompileError(node.place, "this must be a constant")


def symbolic_place(node):
    if node.kind == "string":
        return node.data, 0
    if node.kind == "variable" and node.symbol.label:
        return node.symbol.label, 0
    if node.kind == "member":
        base, offset = symbolic_place(node.base)
        return base, offset + node.member
    if node.kind == "unary" and node.op == "*":
        return address(node.operand)
    raise CompileError(node.place, "this must be a constant")


def check(nodes):
    """Check one file and return the Checker with its `functions` and `data`."""
    return Checker().unit(nodes)
