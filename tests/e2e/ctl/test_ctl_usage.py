"""Options, help, configuration: what is wrong is said with what to do about it."""
import os
import subprocess

import pytest
from ctltool import ROOT, mention, write_config

USAGE = [
    ([], 'a verb is missing'),
    (['clam'], "did you mean 'claim'?"),
    (['rules'], 'half a verb'),
    (['rules', 'tset'], "did you mean 'rules test'?"),
    (['rule', 'test'], "did you mean 'rules test'?"),
    (['claim', '--clss', 'outage'], 'did you mean --class?'),
    (['claim', '--class', 'outag'], "did you mean 'outage'?"),
    (['claim', '--lease', 'soon'], "'soon' is no span of time"),
    (['claim', '--lease'], 'needs a value'),
    (['claim', 'a', 'b'], "'b' is one argument too many"),
    (['claim', 'a', '--case', 'b'], 'exclude each other'),
    (['resolve', 'x'], 'Say --outcome'),
    (['resolve', 'x', '--outcome', 'fixd'], "did you mean 'fixed'?"),
    (['reopen'], 'needs ID'),
    (['queue', '--json=yes'], 'takes no value'),
    (['queue', '-x'], 'unknown option -x'),
    (['queue', '--brand', 'acne'], "did you mean 'acme'?"),
    (['queue', '--brand', 'zzz'], 'it has: acme'),
    (['queue', '--as', 'a b'], "'a b' is no agent's name"),
    (['queue', '--as', 'x' * 65], "is no agent's name"),
    (['queue', '--color', 'allways'], "did you mean 'always'?"),
]


@pytest.mark.parametrize('args,words', USAGE, ids=[' '.join(u[0])[:30] or 'nothing' for u in USAGE])
def test_wrong_usage_is_2(ctl, args, words):
    done = ctl(*args)
    assert (done.returncode, done.stdout) == (2, '') and words in done.stderr, done.stderr


def test_help_knows_every_verb(ctl):
    overview = ctl('--help').stdout
    assert ctl('help').stdout == overview
    verbs = [line.split('  ')[1] for line in overview.splitlines() if line.startswith('  ') and line[2] != ' '
             and not line.startswith('  -') and not line.strip()[0].isdigit()]
    assert {'claim', 'show', 'mine', 'renew', 'release', 'resolve', 'dismiss', 'reopen', 'snooze', 'assign',
            'escalate', 'reclassify', 'queue', 'watch', 'sources', 'sources poll', 'sources pause',
            'sources resume', 'rules test', 'rules explain',
            'rules classify', 'rules list', 'rules lint', 'rules fmt',
            'rules backtest', 'rules suggest', 'rules stats',
            'outages', 'outages show', 'outages explain', 'outages ack', 'outages resolve', 'outages confirm',
            'outages reject', 'outages missed', 'outages guards', 'outages guards remove', 'outages maintenance',
            'outages maintenance add', 'outages maintenance remove', 'outages simulate',
            'alerts list', 'alerts test', 'alerts routes test', 'silence add', 'silence list', 'silence remove',
            'help'} == set(verbs)
    for verb in verbs:
        page = ctl('help', *verb.split()).stdout
        assert page.startswith(f'Usage: mentionctl {verb}')
        assert ctl(*verb.split(), '--help').stdout == page
    for code in ('nothing to claim', 'held by another'):
        assert code in overview


def test_the_manual_says_what_the_program_says(ctl):
    with open(os.path.join(ROOT, 'docs', 'mentionctl.1')) as page:
        text = page.read()
    assert ctl('help', '--man').stdout in text, "docs/mentionctl.1 is old: put `mentionctl help --man` into it"


def test_bash_completes(ctl):
    script = ctl('help', '--completion').stdout
    (ctl.folder / 'complete').write_text(script)
    run = ('source ./complete; COMP_WORDS=(mentionctl {}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); '
           '_mentionctl; echo "${{COMPREPLY[@]}}"')
    for line, wanted in (('cl', 'claim'), ('resolve --out', '--outcome'), ('rules cl', 'classify')):
        done = subprocess.run(['bash', '-c', run.format(line)], cwd=ctl.folder, capture_output=True, text=True)
        assert wanted in done.stdout.split(), (line, done)


def test_no_configuration(ctl):
    os.remove(ctl.folder / 'config.yaml')
    done = ctl('queue')
    if not os.path.exists('/etc/mentiond/config.yaml'):
        assert done.returncode == 1 and '/etc/mentiond/config.yaml' in done.stderr
    assert ctl('queue', '--config', 'nowhere.yaml').returncode == 1
    assert 'nowhere.yaml' in ctl('queue', env={'MENTIOND_CONFIG': 'nowhere.yaml'}).stderr


def test_wrong_configuration_is_pointed_at(ctl):
    (ctl.folder / 'config.yaml').write_text('brandz: {}\n')
    done = ctl('queue')
    assert done.returncode == 1 and 'config.yaml:1:1' in done.stderr


def test_several_brands_need_a_name(ctl):
    write_config(ctl.folder, f'unix://{ctl.folder}/redis.sock', '  other: { terms: [other], rules: [rules/en] }')
    done = ctl('queue')
    assert done.returncode == 2 and 'acme, other' in done.stderr


def test_no_daemon(ctl):
    done = ctl('queue')
    assert done.returncode == 1 and 'redis.sock' in done.stderr and "mentiond --config" in done.stderr
    write_config(ctl.folder, 'embedded')
    done = ctl('queue')
    assert done.returncode == 1 and f'{ctl.folder}/state/' in done.stderr and 'mentiond --config' in done.stderr


def test_a_server_that_is_not_there(ctl):
    done = ctl('queue', env={'MENTIOND_REDIS': 'redis://:hush@127.0.0.1:1/'})
    assert done.returncode == 1 and '127.0.0.1:1' in done.stderr and 'refused' in done.stderr
    assert 'hush' not in done.stderr


@pytest.mark.parametrize('mode,advice', [(0o750, "is for group 'nogroup'"), (0o700, 'ask an administrator')])
def test_a_socket_of_another_group(queue, ctl, mode, advice):
    if os.geteuid() != 0:
        pytest.skip('needs root to become somebody else')
    folder = ctl.folder / 'state'
    folder.mkdir()
    os.symlink(queue.redis.path, folder / 'redis.sock')
    os.chmod(folder, mode)
    os.chown(folder, 0, 65534)
    write_config(ctl.folder, f'unix://{folder}/redis.sock')
    for path in [ctl.folder, *ctl.folder.parents]:
        if path.owner() == 'root' and not path.stat().st_mode & 0o005 == 0o005:
            os.chmod(path, 0o755)
    done = subprocess.run([ctl.program, 'queue', '--as', 'x'], cwd=ctl.folder, env=ctl.env, user=65534,
                          group=65533, extra_groups=[], capture_output=True, text=True)
    assert done.returncode == 1 and 'permission denied' in done.stderr, done
    assert advice in done.stderr and str(folder) in done.stderr.split()


def test_redis_from_the_environment(queue, ctl):
    os.remove(ctl.folder / 'config.yaml')
    env = {'MENTIOND_REDIS': f'unix://{queue.redis.path}'}
    done = ctl('queue', env=env)
    assert done.returncode == 2 and '--brand' in done.stderr
    assert ctl.json('queue', '--brand', 'acme', env=env)['waiting']['outage']['waiting'] == 0


def test_who_acts(queue, ctl):
    queue.ingest(mention(1, 'x'), mention(2, 'y'))
    assert ctl.json('claim', '--as', 'bob')['owner'] == 'bob'
    assert ctl.json('claim')['owner'] == 'alice'


def test_a_closed_pipe_ends_it_quietly(queue, ctl):
    queue.ingest(*[mention(n, 'x') for n in range(50)])
    done = subprocess.run(['bash', '-c', f'"{ctl.program}" watch --since 0 | head -1; echo ${{PIPESTATUS[0]}}'],
                          cwd=ctl.folder, env=ctl.env, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == '141' and done.stderr == '', done
    done = subprocess.run(['bash', '-c', f'yes \'{{"id":1,"text":"app is down"}}\' | "{ctl.program}" '
                           'rules classify | head -1'], cwd=ctl.folder, env=ctl.env, capture_output=True,
                          text=True, timeout=60)
    assert '"label":"outage"' in done.stdout and done.stderr == ''


def test_a_full_disk_is_an_error(queue, ctl):
    with open('/dev/full', 'w') as full:
        done = subprocess.run([ctl.program, 'queue'], cwd=ctl.folder, env=ctl.env, stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and 'writing the output' in done.stderr
