#!/usr/bin/env python3
"""Installs the sample configuration as /etc/mentiond/config.yaml, unless there is one: install_config.py SAMPLE ETC DATA"""
import os
import pathlib
import sys


def main(sample, etc, data):
    prefix = os.environ.get('DESTDIR', '')
    target = pathlib.Path(prefix + etc) / 'config.yaml'
    if target.exists():
        print(f'keeping {target}')
        return
    text = pathlib.Path(sample).read_text(encoding='utf-8')
    text = text.replace('state_dir: ./state', 'state_dir: /var/lib/mentiond')
    text = text.replace('path: docs/demo.jsonl', f'path: {data}/demo.jsonl')
    # whoever installs a daemon waits for real mentions
    text = text.replace('        rebase: now\n', '        rebase: now\n        enabled: false\n')
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding='utf-8')
    target.chmod(0o640)


if __name__ == '__main__':
    main(*sys.argv[1:])
