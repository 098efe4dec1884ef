"""Assembly for expressions. A value is left in %rax, extended to 64 bits as its type says."""

from minic.types import Array, Struct

REGISTERS = ("%rdi", "%rsi", "%rdx", "%rcx", "%r8", "%r9")
LOADS = {
    (1, True): "movsbq {}, %rax",
    (1, False): "movzbl {}, %eax",
    (2, True): "movswq {}, %rax",
    (2, False): "movzwl {}, %eax",
    (4, True): "movslq {}, %rax",
    (4, False): "movl {}, %eax",
    (8, True): "movq {}, %rax",
    (8, False): "movq {}, %rax",
}
NARROWED = {1: "%al", 2: "%ax", 4: "%eax", 8: "%rax"}
SUFFIXES = {1: "b", 2: "w", 4: "l", 8: "q"}
CONDITIONS = {  # for signed and unsigned operands
    "==": ("e", "e"),
    "!=": ("ne", "ne"),
    "<": ("l", "b"),
    ">": ("g", "a"),
    "<=": ("le", "be"),
    ">=": ("ge", "ae"),
}
OPPOSITES = {"==": "!=", "!=": "==", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
SIMPLE = {"+": "addq", "-": "subq", "*": "imulq", "&": "andq", "|": "orq", "^": "xorq"}


class Emitter:
    """Writes expressions; CodeGenerator adds the rest."""

    def __init__(self):
        self.lines = []
        self.depth = 0
        self.labels = 0
        self.strings = {}
        self.held = None

    def out(self, *lines):
        self.lines += lines

    def label(self):
        self.labels += 1
        return f".L{self.labels}"

    def push(self):
        self.out("pushq %rax")
        self.depth += 1

    def pop(self, register):
        self.out(f"popq {register}")
        self.depth -= 1

    def string(self, data):
        """The label of a string literal."""
        return self.strings.setdefault(data, f".LS{len(self.strings)}")

    # Places in memory.

    def direct(self, node, extra=0):
        """The operand of a place whose address is fixed, or None."""
        if node.kind == "member":
            return self.direct(node.base, extra + node.member)
        if node.kind != "variable":
            return None
        if node.symbol.label:
            return f"{node.symbol.label}+{extra}(%rip)"
        return f"{node.symbol.offset + extra}(%rbp)"

    def address(self, node):
        """The address of a place, in %rax."""
        direct = self.direct(node)
        if direct:
            self.out(f"leaq {direct}, %rax")
        elif node.kind == "string":
            self.out(f"leaq {self.string(node.data)}(%rip), %rax")
        elif node.kind == "member":
            self.address(node.base)
            if node.member:
                self.out(f"addq ${node.member}, %rax")
        elif isinstance(node.type, Struct) and node.kind != "unary":
            self.value(node)
        else:
            self.value(node.operand)

    def load(self, operand, type_):
        self.out(LOADS[type_.size, type_.signed].format(operand))

    def store(self, operand, type_):
        self.out(f"mov{SUFFIXES[type_.size]} {NARROWED[type_.size]}, {operand}")

    def narrow(self, type_):
        """Make %rax a proper value of the type again."""
        if type_.size < 8:
            self.load(NARROWED[type_.size], type_)

    # Values.

    def value(self, node):
        getattr(self, f"value_{node.kind}")(node)

    def value_number(self, node):
        if node.value == 0:
            self.out("xorl %eax, %eax")
        else:
            fits = -(2**31) <= node.value < 2**31
            self.out(f"{'movq' if fits else 'movabsq'} ${node.value}, %rax")

    def value_place(self, node):
        """A variable, a member or what a pointer points to; a struct's value is its address."""
        if isinstance(node.type, (Array, Struct)):
            self.address(node)
            return
        direct = self.direct(node)
        if not direct:
            self.address(node)
        self.load(direct or "(%rax)", node.type)

    value_variable = value_member = value_place

    def value_held(self, node):
        """A text is a fixed place; a number is the depth of the stack at which the address lies."""
        if isinstance(self.held, str):
            self.load(self.held, node.type)
        else:
            self.out(f"movq {8 * (self.depth - self.held)}(%rsp), %rcx")
            self.load("(%rcx)", node.type)

    def value_assign(self, node):
        if isinstance(node.type, Struct):
            self.copy(node)
            return
        direct = self.direct(node.target)
        if not direct:
            self.address(node.target)
            self.push()
        self.value(node.value)
        if not direct:
            self.pop("%rcx")
        self.store(direct or "(%rcx)", node.type)

    def copy(self, node):
        self.address(node.target)
        self.push()
        self.value(node.value)
        self.out("movq %rax, %rsi")
        self.pop("%rdi")
        self.out("movq %rdi, %rax", f"movl ${node.type.size}, %ecx", "rep movsb")

    def value_update(self, node):
        outer, self.held = self.held, self.direct(node.target)
        fixed = self.held
        if not fixed:
            self.address(node.target)
            self.push()
            self.held = self.depth
        self.value(node.value)
        if not fixed:
            self.pop("%rcx")
        self.store(fixed or "(%rcx)", node.type)
        self.held = outer

    def value_cast(self, node):
        self.value(node.operand)
        source, to = node.operand.type, node.type
        if not to.scalar or to.size == 8:
            return
        widened = source.size < to.size and (to.signed or not source.signed)
        if not widened:
            self.narrow(to)

    def value_comma(self, node):
        self.value(node.left)
        self.value(node.right)

    def value_unary(self, node):
        if node.op == "&":
            self.address(node.operand)
        elif node.op == "*":
            self.value_place(node)
        elif node.op == "!":
            self.value(node.operand)
            self.out("testq %rax, %rax", "sete %al", "movzbl %al, %eax")
        else:
            self.value(node.operand)
            self.out("negq %rax" if node.op == "-" else "notq %rax")
            self.narrow(node.type)

    # Two operands: the left one in %rax, the right one in %rcx.

    def operands(self, node):
        right = node.right
        if right.kind == "number" and -(2**31) <= right.value < 2**31:
            self.value(node.left)
            self.out(f"movq ${right.value}, %rcx")
            return
        self.value(node.left)
        if right.kind == "variable" and right.type.scalar:
            self.out("movq %rax, %rdx")
            self.value(right)
            self.out("movq %rax, %rcx", "movq %rdx, %rax")
            return
        self.push()
        self.value(right)
        self.out("movq %rax, %rcx")
        self.pop("%rax")

    def value_binary(self, node):
        self.operands(node)
        if node.op in CONDITIONS:
            self.out("cmpq %rcx, %rax", f"set{self.condition(node.op, node)} %al", "movzbl %al, %eax")
            return
        if node.op in SIMPLE:
            self.out(f"{SIMPLE[node.op]} %rcx, %rax")
        elif node.op in ("<<", ">>"):
            self.shift(node)
        else:
            self.divide(node)
        self.narrow(node.type)

    def condition(self, op, node):
        return CONDITIONS[op][not node.left.type.signed]

    def shift(self, node):
        wide = node.type.size == 8
        name = "sal" if node.op == "<<" else "sar" if node.type.signed else "shr"
        self.out(f"{name}{'q' if wide else 'l'} %cl, {'%rax' if wide else '%eax'}")

    def divide(self, node):
        wide = node.type.size == 8
        suffix, divisor = ("q", "%rcx") if wide else ("l", "%ecx")
        if node.type.signed:
            self.out("cqto" if wide else "cltd", f"idiv{suffix} {divisor}")
        else:
            self.out("xorl %edx, %edx", f"div{suffix} {divisor}")
        if node.op == "%":
            self.out("movq %rdx, %rax")

    # Control flow inside of expressions.

    def branch(self, node, label, when):
        """Jump to the label if the truth of the node is `when`; else go on."""
        if node.kind == "binary" and node.op in CONDITIONS:
            self.operands(node)
            op = node.op if when else OPPOSITES[node.op]
            self.out("cmpq %rcx, %rax", f"j{self.condition(op, node)} {label}")
        elif node.kind == "unary" and node.op == "!":
            self.branch(node.operand, label, not when)
        elif node.kind == "logical":
            self.branch_logical(node, label, when)
        else:
            self.value(node)
            self.out("testq %rax, %rax", f"{'jne' if when else 'je'} {label}")

    def branch_logical(self, node, label, when):
        if (node.op == "||") == when:
            self.branch(node.left, label, when)
            self.branch(node.right, label, when)
            return
        skip = self.label()
        self.branch(node.left, skip, not when)
        self.branch(node.right, label, when)
        self.out(f"{skip}:")

    def value_logical(self, node):
        false, end = self.label(), self.label()
        self.branch(node, false, False)
        self.out("movl $1, %eax", f"jmp {end}", f"{false}:", "xorl %eax, %eax", f"{end}:")

    def value_conditional(self, node):
        otherwise, end = self.label(), self.label()
        self.branch(node.test, otherwise, False)
        self.value(node.then)
        self.out(f"jmp {end}", f"{otherwise}:")
        self.value(node.otherwise)
        self.out(f"{end}:")

    def value_call(self, node):
        """The System V calling convention: six registers, the rest on the stack, %rsp a multiple of 16."""
        on_stack = max(0, len(node.arguments) - len(REGISTERS))
        padding = (self.depth + on_stack) % 2
        if padding:
            self.out("subq $8, %rsp")
        self.depth += padding
        for argument in reversed(node.arguments):
            self.value(argument)
            self.push()
        for register, _ in zip(REGISTERS, node.arguments):
            self.pop(register)
        if node.variadic:
            self.out("xorl %eax, %eax")
        self.out(f"call {node.name.label}")
        if on_stack + padding:
            self.out(f"addq ${8 * (on_stack + padding)}, %rsp")
        self.depth -= on_stack + padding
        if node.type.scalar:
            self.narrow(node.type)
