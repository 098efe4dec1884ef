"""A first compiler: `int main(void) { return <constant expression>; }` and nothing else."""

import os
import re
import sys

TOKEN = re.compile(r"\s+|//[^\n]*|/\*.*?\*/|(\d+|\w+|.)", re.DOTALL)
LEVELS = ({"+": "addl", "-": "subl"}, {"*": "imull", "/": "idivl", "%": "idivl"})


def fail(message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(1)


class Compiler:
    """Parses and writes assembly at once; every value ends up in %eax."""

    def __init__(self, text):
        self.tokens = [found for found in TOKEN.findall(text) if found] + ["end of file"]
        self.at = 0
        self.out = []

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, *texts):
        for text in texts:
            found = self.take()
            if found != text:
                fail(f"expected {text} before {found}")

    def program(self):
        self.expect("int", "main", "(", "void", ")", "{", "return")
        self.out += [".globl main", "main:"]
        self.binary(0)
        self.out += ["ret", '.section .note.GNU-stack, "", @progbits', ""]
        self.expect(";", "}", "end of file")
        return "\n".join(self.out)

    def binary(self, level):
        if level == len(LEVELS):
            self.unary()
            return
        self.binary(level + 1)
        while self.tokens[self.at] in LEVELS[level]:
            op = self.take()
            self.out.append("pushq %rax")
            self.binary(level + 1)
            self.out += ["movl %eax, %ecx", "popq %rax"]
            if op in "/%":
                self.out += ["cltd", "idivl %ecx"] + ["movl %edx, %eax"] * (op == "%")
            else:
                self.out.append(f"{LEVELS[level][op]} %ecx, %eax")

    def unary(self):
        token = self.take()
        if token == "-":
            self.unary()
            self.out.append("negl %eax")
        elif token == "(":
            self.binary(0)
            self.expect(")")
        elif token.isdigit():
            self.out.append(f"movl ${token}, %eax")
        else:
            fail(f"expected an expression before {token}")


def main(words):
    source, output = words[0], words[words.index("-o") + 1]
    with open(source, encoding="utf-8") as file:
        assembly = Compiler(file.read()).program()
    with open(output + ".s", "w", encoding="utf-8") as file:
        file.write(assembly)
    pid = os.posix_spawnp("gcc", ["gcc", "-no-pie", output + ".s", "-o", output], os.environ)
    return 1 if os.waitpid(pid, 0)[1] else 0


sys.exit(main(sys.argv[1:]))
