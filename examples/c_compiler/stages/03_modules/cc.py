"""The command line of the compiler: `cc in.c [more.c ...] -o out`. build.sh makes `cc` out of this file."""

import os
import sys

from minic.codegen import generate
from minic.lexer import CompileError, tokenise
from minic.parser import parse


def compile_file(path):
    """The assembly of one C file."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return generate(parse(tokenise(path, file.read())))


def arguments(words):
    """(inputs, output) of the command line; output is empty where the name after -o is missing."""
    inputs, output = [], "a.out"
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "-o":
            output = words.pop(0) if words else ""
        else:
            inputs.append(word)
    return inputs, output


def link(assemblies, output):
    """Let gcc assemble and link; its messages go to stderr. True where it worked."""
    paths = [f"{output}.{index}.s" for index in range(len(assemblies))]
    try:
        for path, text in zip(paths, assemblies):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        pid = os.posix_spawnp("gcc", ["gcc", "-no-pie", *paths, "-o", output], os.environ)
        return os.waitpid(pid, 0)[1] == 0
    finally:
        for path in paths:
            if os.path.exists(path):
                os.remove(path)


def main(words):
    """Compile; returns the exit code."""
    inputs, output = arguments(words)
    if not inputs or not output:
        print("usage: cc in.c [more.c ...] -o out", file=sys.stderr)
        return 2
    try:
        assemblies = [compile_file(path) for path in inputs]
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if link(assemblies, output) else 1


sys.exit(main(sys.argv[1:]))
