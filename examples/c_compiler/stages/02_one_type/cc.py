"""C with one type, int: functions, local variables, all statements but switch, all operators but & * [].

Parses and writes assembly in one go. Every variable is one slot of eight bytes below %rbp; every value ends up in %rax.
"""

import os
import re
import sys

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<number>\d\w*|'(?:\\.|[^\\'\n])')|(?P<word>[A-Za-z_]\w*)"""
    r"""|(?P<string>"(?:\\.|[^\\"\n])*")|(?P<op><<=|>>=|\.\.\.|[-+*/%&|^=!<>]=|&&|\|\||<<|>>|\+\+|--|[^\w\s"'])|(?P<bad>.)""",
    re.DOTALL,
)
KEYWORDS = frozenset("break continue do else for if int return while void".split())
ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "\\": 92, "'": 39, '"': 34}
REGISTERS = ("%rdi", "%rsi", "%rdx", "%rcx", "%r8", "%r9")
LEVELS = [level.split() for level in ("|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %")]
CONDITIONS = {"==": "e", "!=": "ne", "<": "l", ">": "g", "<=": "le", ">=": "ge"}
UNARY = {
    "-": ["negl %eax"],
    "+": [],
    "~": ["notl %eax"],
    "!": ["testl %eax, %eax", "sete %al", "movzbl %al, %eax"],
}
SIMPLE = {"+": "addl", "-": "subl", "*": "imull", "&": "andl", "|": "orl", "^": "xorl"}
UPDATES = frozenset("+= -= *= /= %= &= |= ^= <<= >>=".split())


class CompileError(Exception):
    """The program is not valid, or too much for this compiler."""


class Compiler:
    def __init__(self, text):
        self.tokens = []
        for found in TOKEN.finditer(text):
            if found.lastgroup == "bad":
                raise CompileError(f"stray {found.group()}")
            if found.lastgroup != "space":
                self.tokens.append((found.lastgroup, found.group()))
        self.tokens.append(("end", "end of file"))
        self.at = 0
        self.out = []
        self.strings = []
        self.functions = {}
        self.labels = 0
        self.depth = 0

    @property
    def text(self):
        return self.tokens[self.at][1]

    def take(self):
        token = self.tokens[self.at]
        self.at += token[0] != "end"
        return token

    def accept(self, text):
        found = self.text == text
        self.at += found
        return found

    def expect(self, text):
        if not self.accept(text):
            raise CompileError(f"expected {text} before {self.text}")

    def name(self):
        kind, text = self.take()
        if kind != "word" or text in KEYWORDS:
            raise CompileError(f"expected a name before {text}")
        return text

    def label(self):
        self.labels += 1
        return f".L{self.labels}"

    def push(self):
        self.out.append("pushq %rax")
        self.depth += 1

    def pop(self, register):
        self.out.append(f"popq {register}")
        self.depth -= 1

    def program(self):
        while self.text != "end of file":
            self.function()
        for number, literal in enumerate(self.strings):
            self.out += [".section .rodata", f".LS{number}: .string {literal}"]
        self.out += ['.section .note.GNU-stack, "", @progbits', ""]
        return "\n".join(self.out)

    def function(self):
        if self.take()[1] not in ("int", "void"):
            raise CompileError("only functions of type int and void")
        name = self.name()
        self.expect("(")
        if self.prototype():
            self.functions.setdefault(name, None)
            return
        parameters = self.parameters()
        if self.functions.get(name) is not None:
            raise CompileError(f"{name} is defined twice")
        self.functions[name] = len(parameters)
        self.scopes, self.slots, self.loops, self.end = [{}], 0, [], self.label()
        self.out += [".text", f".globl {name}", f"{name}:", "pushq %rbp", "movq %rsp, %rbp"]
        frame = len(self.out)
        for register, parameter in zip(REGISTERS, parameters):
            self.out.append(f"movq {register}, {self.declare(parameter)}")
        self.block()
        self.out.insert(frame, f"subq ${(self.slots + 1) // 2 * 16}, %rsp")
        self.out += ["xorl %eax, %eax", f"{self.end}:", "leave", "ret"]

    def prototype(self):
        """Skip a prototype, whatever its types are."""
        at = self.at
        while self.tokens[at][1] not in (")", "end of file"):
            at += 1
        if self.tokens[at + 1][1] != ";":
            return False
        self.at = at + 2
        return True

    def parameters(self):
        names = []
        if self.accept("void") or self.text == ")":
            self.expect(")")
            return names
        while True:
            self.expect("int")
            names.append(self.name())
            if self.accept(")"):
                return names
            self.expect(",")

    def declare(self, name):
        if name in self.scopes[-1]:
            raise CompileError(f"{name} is declared twice")
        self.slots += 1
        self.scopes[-1][name] = f"{-8 * self.slots}(%rbp)"
        return self.scopes[-1][name]

    def variable(self, name):
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        raise CompileError(f"{name} is not declared")

    # Statements.

    def block(self):
        self.expect("{")
        self.scopes.append({})
        while not self.accept("}"):
            self.statement()
        self.scopes.pop()

    def statement(self):
        handler = getattr(self, f"{self.text}_statement", None) if self.tokens[self.at][0] == "word" else None
        if handler:
            self.take()
            handler()
        elif self.text == "{":
            self.block()
        elif not self.accept(";"):
            self.expression()
            self.expect(";")

    def int_statement(self):
        while True:
            name = self.name()
            if self.accept("="):
                self.assignment()
                self.out.append(f"movq %rax, {self.declare(name)}")
            else:
                self.declare(name)
            if self.accept(";"):
                return
            self.expect(",")

    def return_statement(self):
        if not self.accept(";"):
            self.expression()
            self.expect(";")
        self.out.append(f"jmp {self.end}")

    def condition(self, otherwise):
        self.expect("(")
        self.expression()
        self.expect(")")
        self.out += ["testl %eax, %eax", f"je {otherwise}"]

    def if_statement(self):
        otherwise, end = self.label(), self.label()
        self.condition(otherwise)
        self.statement()
        self.out += [f"jmp {end}", f"{otherwise}:"]
        if self.accept("else"):
            self.statement()
        self.out.append(f"{end}:")

    def body(self, proceed, end):
        self.loops.append((proceed, end))
        self.statement()
        self.loops.pop()

    def while_statement(self):
        again, end = self.label(), self.label()
        self.out.append(f"{again}:")
        self.condition(end)
        self.body(again, end)
        self.out += [f"jmp {again}", f"{end}:"]

    def do_statement(self):
        again, test, end = self.label(), self.label(), self.label()
        self.out.append(f"{again}:")
        self.body(test, end)
        self.expect("while")
        self.out.append(f"{test}:")
        self.condition(end)
        self.expect(";")
        self.out += [f"jmp {again}", f"{end}:"]

    def for_statement(self):
        test, step, body, end = self.label(), self.label(), self.label(), self.label()
        self.scopes.append({})
        self.expect("(")
        self.statement()
        self.out.append(f"{test}:")
        if not self.accept(";"):
            self.expression()
            self.expect(";")
            self.out += ["testl %eax, %eax", f"je {end}"]
        self.out += [f"jmp {body}", f"{step}:"]
        if not self.accept(")"):
            self.expression()
            self.expect(")")
        self.out += [f"jmp {test}", f"{body}:"]
        self.body(test, end)
        self.out += [f"jmp {step}", f"{end}:"]
        self.scopes.pop()

    def break_statement(self, word="break", which=1):
        self.expect(";")
        if not self.loops:
            raise CompileError(f"{word} outside of a loop")
        self.out.append(f"jmp {self.loops[-1][which]}")

    def continue_statement(self):
        self.break_statement("continue", 0)

    # Expressions.

    def expression(self):
        self.assignment()
        while self.accept(","):
            self.assignment()

    def assignment(self):
        kind, name = self.tokens[self.at]
        op = self.tokens[self.at + 1][1] if kind == "word" else ""
        if op != "=" and op not in UPDATES:
            self.conditional()
            return
        self.at += 2
        self.assignment()
        if op != "=":
            self.out += ["movq %rax, %rcx", f"movq {self.variable(name)}, %rax"]
            self.operate(op[:-1])
        self.out.append(f"movq %rax, {self.variable(name)}")

    def conditional(self):
        self.logical("||", "jne", lambda: self.logical("&&", "je", lambda: self.binary(0)))
        if self.accept("?"):
            otherwise, end = self.label(), self.label()
            self.out += ["testl %eax, %eax", f"je {otherwise}"]
            self.expression()
            self.expect(":")
            self.out += [f"jmp {end}", f"{otherwise}:"]
            self.conditional()
            self.out.append(f"{end}:")

    def logical(self, op, jump, operand):
        operand()
        if self.text != op:
            return
        end = self.label()
        while self.accept(op):
            self.out += ["testl %eax, %eax", f"{jump} {end}"]
            operand()
        self.out += [f"{end}:", "testl %eax, %eax", "setne %al", "movzbl %al, %eax"]

    def binary(self, level):
        if level == len(LEVELS):
            self.unary()
            return
        self.binary(level + 1)
        while self.text in LEVELS[level]:
            op = self.take()[1]
            self.push()
            self.binary(level + 1)
            self.out.append("movq %rax, %rcx")
            self.pop("%rax")
            self.operate(op)

    def operate(self, op):
        """%eax op %ecx, into %eax."""
        if op in CONDITIONS:
            self.out += ["cmpl %ecx, %eax", f"set{CONDITIONS[op]} %al", "movzbl %al, %eax"]
        elif op in ("<<", ">>"):
            self.out.append(f"{'sall' if op == '<<' else 'sarl'} %cl, %eax")
        elif op in ("/", "%"):
            self.out += ["cltd", "idivl %ecx"] + ["movl %edx, %eax"] * (op == "%")
        else:
            self.out.append(f"{SIMPLE[op]} %ecx, %eax")

    def unary(self):
        op = self.text
        if op in UNARY:
            self.take()
            self.unary()
            self.out += UNARY[op]
        elif op in ("++", "--"):
            self.take()
            place = self.variable(self.name())
            self.out += [f"{'incl' if op == '++' else 'decl'} {place}", f"movq {place}, %rax"]
        else:
            self.primary()

    def primary(self):
        kind, text = self.take()
        if kind == "number":
            self.out.append(f"movl ${self.number(text)}, %eax")
        elif kind == "string":
            self.out.append(f"leaq .LS{len(self.strings)}(%rip), %rax")
            self.strings.append(text)
        elif text == "(":
            self.expression()
            self.expect(")")
        elif kind == "word" and self.accept("("):
            self.call(text)
        elif kind == "word":
            place = self.variable(text)
            self.out.append(f"movq {place}, %rax")
            if self.text in ("++", "--"):
                self.out.append(f"{'incl' if self.take()[1] == '++' else 'decl'} {place}")
        else:
            raise CompileError(f"expected an expression before {text}")

    def number(self, text):
        if text.startswith("'"):
            return ESCAPES[text[2]] if text[1] == "\\" else ord(text[1])
        try:
            return int(text, 8 if text.startswith("0") and text.isdigit() else 0)
        except ValueError:
            raise CompileError(f"{text} is not a number") from None

    def call(self, name):
        if name not in self.functions:
            raise CompileError(f"{name} is not declared")
        count, padding = 0, self.depth % 2
        self.depth += padding
        self.out.append(f"subq ${8 * padding}, %rsp")
        while not self.accept(")"):
            if count:
                self.expect(",")
            self.assignment()
            self.push()
            count += 1
        if count > len(REGISTERS):
            raise CompileError("more than six arguments")
        if self.functions[name] not in (None, count):
            raise CompileError(f"{name} takes {self.functions[name]} arguments, not {count}")
        for register in reversed(REGISTERS[:count]):
            self.pop(register)
        self.depth -= padding
        self.out += ["xorl %eax, %eax", f"call {name}", f"addq ${8 * padding}, %rsp"]


def main(words):
    output = words[words.index("-o") + 1]
    sources = [word for word in words if word.endswith(".c")]
    assemblies = []
    for number, source in enumerate(sources):
        with open(source, encoding="utf-8") as file:
            text = file.read()
        try:
            assembly = Compiler(text).program()
        except CompileError as error:
            print(f"{source}: error: {error}", file=sys.stderr)
            return 1
        assemblies.append(f"{output}.{number}.s")
        with open(assemblies[-1], "w", encoding="utf-8") as file:
            file.write(assembly)
    pid = os.posix_spawnp("gcc", ["gcc", "-no-pie", *assemblies, "-o", output], os.environ)
    return 1 if os.waitpid(pid, 0)[1] else 0


sys.exit(main(sys.argv[1:]))
