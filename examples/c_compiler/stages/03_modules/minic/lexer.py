"""Source text to tokens, and the error that every later phase may raise as well."""

KEYWORDS = frozenset(
    "break case char const continue default do else extern for if int long return"
    " short signed sizeof static struct switch unsigned void while".split()
)
OPERATORS = (
    frozenset(["<<=", ">>=", "..."]),
    frozenset("== != <= >= && || << >> ++ -- -> += -= *= /= %= &= |= ^=".split()),
    frozenset("+-*/%&|^~!<>=?:;,.(){}[]"),
)
ESCAPES = {"n": 10, "t": 9, "r": 13, "0": 0, "a": 7, "b": 8, "f": 12, "v": 11, "\\": 92, "'": 39, '"': 34, "?": 63}
DIGITS = frozenset("0123456789")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
WORD = LETTERS | DIGITS


class CompileError(Exception):
    """The program is not valid C, or uses what this compiler does not know. `place` is (file, line)."""

    def __init__(self, place, message):
        super().__init__(f"{place[0]}:{place[1]}: error: {message}")


class Token:
    """`kind` is name, keyword, number, string, operator, directive or end; `suffix` belongs to numbers."""

    __slots__ = ("kind", "place", "suffix", "value")

    def __init__(self, kind, value, place, suffix=""):
        self.kind = kind
        self.value = value
        self.place = place
        self.suffix = suffix


class Lexer:
    """Splits one file."""

    def __init__(self, name, text):
        self.name = name
        self.text = text.replace("\\\n", "") + "\0"
        self.at = 0
        self.line = 1
        self.tokens = []

    def fail(self, message):
        raise CompileError((self.name, self.line), message)

    def add(self, kind, value, suffix=""):
        self.tokens.append(Token(kind, value, (self.name, self.line), suffix))

    def run(self):
        text = self.text
        line_start = True
        while True:
            char = text[self.at]
            if char == "\n":
                self.line += 1
                self.at += 1
                line_start = True
                continue
            if char in " \t\r":
                self.at += 1
            elif char == "/" and text[self.at + 1] in "/*":
                self.comment()
            elif char == "\0" and self.at == len(text) - 1:
                self.add("end", "end of file")
                return self.tokens
            elif char == "#" and line_start:
                self.directive()
            else:
                self.token(char)
                line_start = False

    def comment(self):
        if self.text[self.at + 1] == "/":
            end = self.text.find("\n", self.at)
            self.at = end if end >= 0 else len(self.text) - 1
            return
        end = self.text.find("*/", self.at + 2)
        if end < 0:
            self.fail("this comment never ends")
        self.line += self.text.count("\n", self.at, end)
        self.at = end + 2

    def directive(self):
        end = self.text.find("\n", self.at)
        end = end if end >= 0 else len(self.text) - 1
        self.add("directive", self.text[self.at + 1 : end].strip())
        self.at = end

    def token(self, char):
        if char in LETTERS:
            word = self.word()
            self.add("keyword" if word in KEYWORDS else "name", word)
        elif char in DIGITS:
            self.number()
        elif char == "'":
            self.character()
        elif char == '"':
            self.string()
        else:
            self.operator()

    def word(self):
        start = at = self.at
        while self.text[at] in WORD:
            at += 1
        self.at = at
        return self.text[start:at]

    def number(self):
        word = self.word().lower()
        digits = word.rstrip("ul")
        base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
        try:
            self.add("number", int(digits, base), word[len(digits) :])
        except ValueError:
            self.fail(f"{word} is not a number")

    def escaped(self, quote):
        """One character of a literal, as its code; escapes are resolved."""
        char = self.text[self.at]
        self.at += 1
        if char in "\n\0":
            self.fail(f"missing {quote} at the end of the literal")
        if char != "\\":
            return ord(char)
        char = self.text[self.at]
        self.at += 1
        if char not in ESCAPES:
            self.fail(f"unknown escape \\{char}")
        return ESCAPES[char]

    def character(self):
        self.at += 1
        value = self.escaped("'")
        if self.text[self.at] != "'":
            self.fail("missing ' at the end of the literal")
        self.at += 1
        self.add("number", value - 256 if value > 127 else value)

    def string(self):
        self.at += 1
        data = bytearray()
        while self.text[self.at] != '"':
            data += chr(self.escaped('"')).encode()
        self.at += 1
        self.add("string", bytes(data))

    def operator(self):
        for length, known in zip((3, 2, 1), OPERATORS):
            text = self.text[self.at : self.at + length]
            if text in known:
                self.at += length
                self.add("operator", text)
                return
        self.fail(f"stray {self.text[self.at]!r} in the program")


def tokenise(name, text):
    """The tokens of one file, the last of kind end."""
    return Lexer(name, text).run()
