"""The types of C that this compiler knows, and the rules between them."""


class Type:
    """Sizes and alignments are in bytes."""

    size = 1
    align = 1
    complete = True
    integer = False
    scalar = False


class Void(Type):
    complete = False

    def __str__(self):
        return "void"


class Integer(Type):
    integer = True
    scalar = True

    def __init__(self, name, size, signed):
        self.name = name
        self.size = self.align = size
        self.signed = signed

    def __str__(self):
        return self.name


class Pointer(Type):
    size = align = 8
    signed = False
    scalar = True

    def __init__(self, target):
        self.target = target

    def __eq__(self, other):
        return isinstance(other, Pointer) and self.target == other.target

    def __str__(self):
        return f"{self.target}*"


class Array(Type):
    """`count` is None until an initialiser tells it."""

    def __init__(self, element, count):
        self.element = element
        self.count = count
        self.complete = count is not None
        self.size = element.size * (count or 0)
        self.align = element.align

    def __eq__(self, other):
        return isinstance(other, Array) and self.element == other.element and self.count == other.count

    def __str__(self):
        return f"{self.element}[{'' if self.count is None else self.count}]"


class Struct(Type):
    """`members` maps a name to (type, offset); two structs are the same only where they are one object."""

    complete = False

    def __init__(self, tag):
        self.tag = tag
        self.members = {}

    def define(self, members):
        """Lay out (name, type) pairs."""
        offset = 0
        for name, type_ in members:
            offset = round_up(offset, type_.align)
            self.members[name] = (type_, offset)
            offset += type_.size
            self.align = max(self.align, type_.align)
        self.size = round_up(offset, self.align)
        self.complete = True

    def __str__(self):
        return f"struct {self.tag}"


class Function(Type):
    """`parameters` is None for `f()`, which promises nothing about them."""

    complete = False

    def __init__(self, result, parameters, variadic):
        self.result = result
        self.parameters = parameters
        self.variadic = variadic

    def __eq__(self, other):
        if not isinstance(other, Function) or self.result != other.result:
            return False
        if self.parameters is None or other.parameters is None:
            return True
        return self.parameters == other.parameters and self.variadic == other.variadic

    def __str__(self):
        return f"{self.result}({', '.join(map(str, self.parameters or ()))})"


VOID = Void()
CHAR, UCHAR = Integer("char", 1, True), Integer("unsigned char", 1, False)
SHORT, USHORT = Integer("short", 2, True), Integer("unsigned short", 2, False)
INT, UINT = Integer("int", 4, True), Integer("unsigned int", 4, False)
LONG, ULONG = Integer("long", 8, True), Integer("unsigned long", 8, False)


def round_up(value, step):
    return (value + step - 1) // step * step


def promoted(type_):
    """The type in which a small integer takes part in arithmetic."""
    return INT if type_.size < 4 else type_


def common(left, right):
    """The type in which two integers meet (C17 6.3.1.8)."""
    left, right = promoted(left), promoted(right)
    if left.size != right.size:
        return left if left.size > right.size else right
    return right if left.signed else left


def wrapped(value, type_):
    """A Python integer as a value of an integer type."""
    bits = 8 * type_.size
    value &= (1 << bits) - 1
    return value - (1 << bits) if type_.signed and value >> (bits - 1) else value
