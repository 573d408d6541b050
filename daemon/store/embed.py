#!/usr/bin/env python3
"""Makes a C file of the queue library's text: embed.py OUT.c PART.lua..."""
import sys


def c_string(line):
    return '"' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"'


def main(out, parts):
    text = ''.join(open(part, encoding='utf-8').read() for part in parts)
    lines = '\n'.join('    ' + c_string(line) for line in text.splitlines())
    with open(out, 'w', encoding='utf-8') as file:
        file.write('#include "mentiond/store.h"\n\n'
                   f'const char store_library[] =\n{lines};\n\n'
                   'const size_t store_library_len = sizeof(store_library) - 1;\n')


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2:])
