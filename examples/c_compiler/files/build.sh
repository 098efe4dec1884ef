#!/bin/sh
# Makes an executable ./cc out of cc.py: the interpreter that is found here, then the program.
# What cc.py imports is compiled to bytecode once, because cc is started for each test.
set -eu
cd "$(dirname "$0")"
test -f cc.py || {
    echo "build.sh: there is no cc.py yet" >&2
    exit 1
}
python=$(python3 -c 'import sys; print(sys.executable)')
"$python" -m compileall -q -f .
{
    printf '#!%s -SE\n' "$python"
    cat cc.py
} > cc
chmod +x cc
