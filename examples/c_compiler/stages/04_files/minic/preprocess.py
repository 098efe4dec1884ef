"""The few directives that small programs need: include, define, undef, ifdef, ifndef, else, endif."""

import os

from minic.lexer import CompileError, tokenise


class Preprocessor:
    """Reads a file and all that it includes into one list of tokens."""

    def __init__(self):
        self.macros = {}
        self.tokens = []
        self.depth = 0

    def file(self, path, place):
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except OSError as error:
            raise CompileError(place, f"cannot read {path}: {error.strerror}") from None
        tokens = tokenise(path, text)
        conditions = []
        for token in tokens:
            if token.kind == "directive":
                self.directive(token, conditions)
            elif all(conditions) and token.kind != "end":
                self.expand(token, frozenset())
        if conditions:
            raise CompileError(tokens[-1].place, "#endif is missing")
        return tokens[-1]

    def expand(self, token, within):
        """Add the token, or what its macro stands for; a macro is not expanded within itself."""
        if token.kind != "name" or token.value not in self.macros or token.value in within:
            self.tokens.append(token)
            return
        for inner in self.macros[token.value]:
            self.expand(inner, within | {token.value})

    def directive(self, token, conditions):
        name, _, rest = token.value.replace("\t", " ").partition(" ")
        rest = rest.strip()
        if name in ("ifdef", "ifndef"):
            conditions.append((rest in self.macros) == (name == "ifdef"))
        elif name in ("else", "endif"):
            if not conditions:
                raise CompileError(token.place, f"#{name} without #if")
            was = conditions.pop()
            if name == "else":
                conditions.append(not was)
        elif all(conditions):
            self.active(token, name, rest)

    def active(self, token, name, rest):
        if name == "include" and rest[:1] == '"' and rest[-1:] == '"' and len(rest) > 2:
            self.include(token, rest[1:-1])
        elif name == "define":
            self.define(token, rest)
        elif name == "undef":
            self.macros.pop(rest, None)
        elif name != "":
            raise CompileError(token.place, f"#{token.value} is not supported")

    def include(self, token, name):
        if self.depth == 50:
            raise CompileError(token.place, "files include each other without end")
        self.depth += 1
        self.file(os.path.join(os.path.dirname(token.place[0]), name), token.place)
        self.depth -= 1

    def define(self, token, rest):
        body = tokenise(token.place[0], rest)[:-1]
        if not body or body[0].kind != "name":
            raise CompileError(token.place, "#define needs a name")
        if rest[len(body[0].value) :].startswith("("):
            raise CompileError(token.place, "macros with parameters are not supported")
        for part in body:
            part.place = token.place
        self.macros[body[0].value] = body[1:]


def preprocess(path):
    """The tokens of a file with its includes and macros resolved."""
    preprocessor = Preprocessor()
    end = preprocessor.file(path, (path, 0))
    return [*preprocessor.tokens, end]
