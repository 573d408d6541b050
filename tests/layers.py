#!/usr/bin/env python3
"""The arrows between modules point one way (docs/design.md): fails naming each include that points up."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDER = [['core'], ['config', 'net', 'text'], ['rules', 'store', 'sources', 'outage', 'alerts'],
         ['poller', 'alerter', 'console'], ['main', 'ctl']]
MODULE_OF_HEADER = {
    'config': 'config', 'settings': 'config', 'digest': 'net', 'exec': 'net', 'http': 'net', 'http_server': 'net', 'mail': 'net', 'redis': 'net', 'text': 'text',
    'rules': 'rules', 'store': 'store', 'stream': 'store', 'outage': 'outage', 'outage_reader': 'outage',
    'alert': 'alerts', 'alerter': 'alerter', 'alert_outbox': 'alerts', 'alert_route': 'alerts', 'source': 'sources', 'poller': 'poller',
}


def level(module):
    return next(i for i, modules in enumerate(ORDER) if module in modules)


def module_of(path):
    parts = path.relative_to(ROOT / 'daemon').parts
    return parts[0] if len(parts) > 1 else 'main'


def wrong_includes():
    for path in sorted((ROOT / 'daemon').rglob('*.[ch]')):
        module = module_of(path)
        for header in re.findall(r'#include "mentiond/(\w+)\.h"', path.read_text(encoding='utf-8')):
            used = MODULE_OF_HEADER.get(header, 'core')
            if used != module and level(used) >= level(module):
                yield f'{path.relative_to(ROOT)}: {module} must not include mentiond/{header}.h ({used})'


if __name__ == '__main__':
    found = list(wrong_includes())
    print('\n'.join(found))
    sys.exit(1 if found else 0)
