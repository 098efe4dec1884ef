"""Assembly for statements, functions and data, in AT&T syntax."""

from minic.check import check
from minic.emit import REGISTERS, Emitter
from minic.types import round_up

DIRECTIVES = {1: ".byte", 2: ".short", 4: ".long", 8: ".quad"}
PARTS = {
    "%rdi": ("%dil", "%di", "%edi", "%rdi"),
    "%rsi": ("%sil", "%si", "%esi", "%rsi"),
    "%rdx": ("%dl", "%dx", "%edx", "%rdx"),
    "%rcx": ("%cl", "%cx", "%ecx", "%rcx"),
    "%r8": ("%r8b", "%r8w", "%r8d", "%r8"),
    "%r9": ("%r9b", "%r9w", "%r9d", "%r9"),
}
PLAIN = frozenset(b" !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~")


class CodeGenerator(Emitter):
    def __init__(self):
        super().__init__()
        self.end = None
        self.breaks = []
        self.continues = []

    def unit(self, checked):
        self.out(".text")
        for function in checked.functions:
            self.function(function)
        for symbol, values in checked.data:
            self.data(symbol, values)
        self.literals()
        self.out('.section .note.GNU-stack, "", @progbits', "")
        return "\n".join(self.lines)

    def function(self, function):
        symbol = function.symbol
        frame = 0
        for variable in function.variables:
            frame = round_up(frame + variable.type.size, variable.type.align)
            variable.offset = -frame
        self.end = self.label()
        if symbol.exported:
            self.out(f".globl {symbol.label}")
        self.out(f"{symbol.label}:", "pushq %rbp", "movq %rsp, %rbp", f"subq ${round_up(frame, 16)}, %rsp")
        self.parameters(function.parameters)
        self.statements(function.body)
        if symbol.name == "main":
            self.out("xorl %eax, %eax")
        self.out(f"{self.end}:", "leave", "ret")

    def parameters(self, parameters):
        for register, symbol in zip(REGISTERS, parameters):
            part = PARTS[register][symbol.type.size.bit_length() - 1]
            self.out(f"mov {part}, {symbol.offset}(%rbp)")
        for index, symbol in enumerate(parameters[len(REGISTERS) :]):
            self.load(f"{16 + 8 * index}(%rbp)", symbol.type)
            self.store(f"{symbol.offset}(%rbp)", symbol.type)

    # Statements.

    def statements(self, nodes):
        for node in nodes:
            getattr(self, f"emit_{node.kind}")(node)

    def emit_expression(self, node):
        self.value(node.value)

    def emit_clear(self, node):
        self.out(f"leaq {node.symbol.offset}(%rbp), %rdi", f"movl ${node.symbol.type.size}, %ecx")
        self.out("xorl %eax, %eax", "rep stosb")

    def emit_if(self, node):
        otherwise = self.label()
        self.branch(node.test, otherwise, False)
        self.statements(node.then)
        if node.otherwise:
            end = self.label()
            self.out(f"jmp {end}", f"{otherwise}:")
            self.statements(node.otherwise)
            otherwise = end
        self.out(f"{otherwise}:")

    def emit_loop(self, node):
        again, test, proceed, end = self.label(), self.label(), self.label(), self.label()
        if node.first and node.test:
            self.out(f"jmp {test}")
        self.out(f"{again}:")
        self.breaks.append(end)
        self.continues.append(proceed)
        self.statements(node.body)
        self.breaks.pop()
        self.continues.pop()
        self.out(f"{proceed}:")
        self.statements(node.step)
        self.out(f"{test}:")
        if node.test:
            self.branch(node.test, again, True)
        else:
            self.out(f"jmp {again}")
        self.out(f"{end}:")

    def emit_switch(self, node):
        end = self.label()
        self.value(node.value)
        for value, case in node.cases.items():
            case.label = self.label()
            if value is not None:
                self.out(f"movq ${value}, %rcx", "cmpq %rcx, %rax", f"je {case.label}")
        self.out(f"jmp {node.cases[None].label if None in node.cases else end}")
        self.breaks.append(end)
        self.statements(node.body)
        self.breaks.pop()
        self.out(f"{end}:")

    def emit_case(self, node):
        self.out(f"{node.label}:")

    def emit_break(self, node):
        self.out(f"jmp {self.breaks[-1]}")

    def emit_continue(self, node):
        self.out(f"jmp {self.continues[-1]}")

    def emit_return(self, node):
        if node.value is not None:
            self.value(node.value)
        self.out(f"jmp {self.end}")

    # Data.

    def data(self, symbol, values):
        self.out(".data" if values else ".bss", f".balign {symbol.type.align}")
        if symbol.exported:
            self.out(f".globl {symbol.label}")
        self.out(f"{symbol.label}:")
        at = 0
        for offset, type_, value in values:
            if offset > at:
                self.out(f".zero {offset - at}")
            self.out(f"{DIRECTIVES[type_.size]} {self.constant(value)}")
            at = offset + type_.size
        if symbol.type.size > at:
            self.out(f".zero {symbol.type.size - at}")

    def constant(self, value):
        if isinstance(value, int):
            return str(value)
        base, offset = value
        return f"{self.string(base) if isinstance(base, bytes) else base}+{offset}"

    def literals(self):
        self.out(".section .rodata")
        for data, label in self.strings.items():
            text = "".join(chr(code) if code in PLAIN else f"\\{code:03o}" for code in data)
            self.out(f"{label}:", f'.asciz "{text}"')


def generate(nodes):
    """The assembly of one parsed file."""
    return CodeGenerator().unit(check(nodes))
