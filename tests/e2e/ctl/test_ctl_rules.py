"""The verbs that need neither Redis nor network."""
import json
import subprocess

from ctltool import ROOT

MEMBERS = ['id', 'label', 'score', 'scores', 'hits', 'captures']


def classify(ctl, text, *args):
    done = ctl('rules', 'classify', *args, input=text)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_classify_answers_each_line_in_order(ctl):
    posts = [{'id': 'a', 'text': 'é the app is down again', 'lang': 'en'}, {'id': 7, 'text': 'all is well'},
             {'text': 'no id', 'lang': 'en', 'more': [1]}]
    done, verdicts = classify(ctl, '\n'.join(map(json.dumps, posts)))
    assert done.returncode == 0 and done.stderr == ''
    assert [v['id'] for v in verdicts] == ['a', 7, None]
    assert [v['label'] for v in verdicts] == ['outage', 'none', 'none']
    assert all(list(v) == MEMBERS for v in verdicts)
    hit = verdicts[0]['hits'][0]
    assert hit['class'] == 'outage' and hit['score'] == 3
    assert posts[0]['text'].encode()[hit['start']:hit['end']] == b'app is down'
    assert verdicts[0]['scores']['outage'] == verdicts[0]['score'] == 3


def test_classify_survives_bad_lines(ctl):
    good = '{"id":"g","text":"the app is down","lang":"en"}'
    bad = ['', '{', '[1]', '"x"', 'null', '{"id":1}', '{"id":2,"text":3}', '{"id":3,"text":"x","lang":4}',
           '{"id":4,"text":"' + 'x' * 1100000 + '"}', '[' * 5000]
    done, verdicts = classify(ctl, '\n'.join(line for b in bad for line in (b, good)) + '\n')
    assert done.returncode == 0
    assert [v['label'] for v in verdicts if v['id'] == 'g'] == ['outage'] * len(bad)
    assert [v['id'] for v in verdicts if v['label'] is None] == [None, None, None, None, 1, 2, 3, None, None]
    for number in (3, 5, 7, 9, 11, 13, 15, 17, 19):
        assert f'line {number}: ' in done.stderr
    assert 'line 1: ' not in done.stderr.replace('line 11: ', '')


def test_classify_mends_what_can_be_mended(ctl):
    lines = (b'{"id":"a","text":"app is down \\ud800 \\u0000","lang":"en"}\n'
             b'{"id":"b","text":"app is down \xff","lang":"en","n":1e999}\r\n')
    done = subprocess.run([ctl.program, 'rules', 'classify'], cwd=ctl.folder, env=ctl.env, input=lines,
                          capture_output=True)
    assert [json.loads(v)['label'] for v in done.stdout.splitlines()] == ['outage', 'outage']


def test_classify_answers_before_the_next_line_comes(ctl):
    process = ctl.start('rules', 'classify', stdin=subprocess.PIPE)
    for n in range(3):
        process.stdin.write(json.dumps({'id': n, 'text': 'x'}) + '\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())['id'] == n
    assert process.communicate(timeout=20) == ('', '') and process.returncode == 0


def test_both_engines_agree(ctl):
    posts = '\n'.join(json.dumps({'id': i, 'text': t}) for i, t in enumerate(['app is down', 'app down', 'ok']))
    assert classify(ctl, posts)[1] == classify(ctl, posts, '--engine=reference')[1]


def test_rules_can_be_named(ctl, tmp_path):
    pack = tmp_path / 'mine.yaml'
    pack.write_text('pack: mine\nlang: en\nrules: [{ id: p, class: praise, score: 5, phrases: ["all is well"] }]\n')
    post = '{"id":1,"text":"all is well"}'
    assert classify(ctl, post)[1][0]['label'] == 'none'
    assert classify(ctl, post, '--rules', str(pack))[1][0]['label'] == 'praise'
    assert classify(ctl, post, '--rules', 'rules/en', '--rules', 'mine.yaml')[1][0]['label'] == 'praise'


def test_test(ctl, tmp_path):
    done = ctl('rules', 'test')
    assert done.returncode == 0 and '1 rule, 2 tests, all passed' in done.stdout
    assert ctl.json('rules', 'test', 'rules/en')['tests'] == 2
    bad = tmp_path / 'bad.yaml'
    bad.write_text('pack: bad\nlang: en\nrules:\n  - id: x\n    class: outage\n    score: 3\n    phrases: [down]\n'
                   '    tests: { match: [up] }\n')
    done = ctl('rules', 'test', 'bad.yaml')
    assert done.returncode == 1 and 'bad.yaml:8:' in done.stderr
    done = ctl('rules', 'test', 'bad.yaml', '--json')
    assert done.returncode == 1 and 'bad.yaml:8:' in json.loads(done.stdout)['errors'][0]
    assert ctl('rules', 'test', 'nowhere').returncode == 1


def test_explain(ctl):
    done = ctl('rules', 'explain', 'the app is down \x1b[31m')
    assert done.returncode == 0 and 'outage' in done.stdout and '\x1b' not in done.stdout
    assert ctl.json('rules', 'explain', 'the app is down')['label'] == 'outage'


def test_list(ctl):
    out = ctl('rules', 'list').stdout
    assert 'en/test/down' in out and 'outage' in out
    assert ctl.json('rules', 'list') == [{'rule': 'en/test/down', 'lang': 'en', 'class': 'outage', 'signal': '',
                                          'score': 3}]


def test_lint_tells_scripts_by_its_exit_code(ctl, tmp_path):
    done = ctl('rules', 'lint')
    assert (done.returncode, done.stdout, done.stderr) == (0, '1 rule, nothing to mend\n', '')
    assert ctl.json('rules', 'lint') == {'rules': 1, 'findings': 0, 'errors': [], 'warnings': []}
    (tmp_path / 'untested.yaml').write_text(
        'pack: untested\nlang: en\nrules: [{ id: x, class: outage, phrases: [gone, gone] }]\n')
    done = ctl('rules', 'lint', 'untested.yaml')
    assert done.returncode == 1 and 'untested.yaml:3:' in done.stderr and '(duplicate)' in done.stderr
    assert '1 rule, 2 findings' in done.stdout
    done = ctl('rules', 'lint', 'untested.yaml', '--json')
    said = json.loads(done.stdout)
    assert done.returncode == 1 and said['findings'] == len(said['warnings']) == 2 and not said['errors']
    (tmp_path / 'broken.yaml').write_text('pack: broken\nrules: [{ id: x, class: blame, phrases: [gone] }]\n')
    done = ctl('rules', 'lint', 'broken.yaml', '--json')
    assert done.returncode == 1 and 'broken.yaml:2:' in json.loads(done.stdout)['errors'][0]


UGLY = 'pack:   ugly # mine\nlang: en\nrules:\n# of x\n-   id: x\n    class: outage\n    phrases: [gone]   \n\n\n'
NEAT = 'pack: ugly # mine\nlang: en\nrules:\n  # of x\n  - id: x\n    class: outage\n    phrases: [gone]\n'


def test_fmt_changes_white_space_and_keeps_comments(ctl, tmp_path):
    pack = tmp_path / 'ugly.yaml'
    pack.write_text(UGLY)
    pack.chmod(0o640)
    (tmp_path / 'link.yaml').symlink_to('ugly.yaml')
    done = ctl('rules', 'fmt', '--check', 'link.yaml')
    assert (done.returncode, done.stdout, done.stderr) == (1, 'link.yaml\n', '') and pack.read_text() == UGLY
    assert ctl.json('rules', 'fmt', 'link.yaml') == {'files': 1, 'failed': 0, 'changed': ['link.yaml']}
    assert pack.read_text() == NEAT and pack.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / 'link.yaml').is_symlink() and not list(tmp_path.glob('ugly.yaml.*'))
    done = ctl('rules', 'fmt', '--check', 'link.yaml')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert ctl('rules', 'fmt', '-', input=UGLY).stdout == NEAT


def test_shipped_packs_have_the_layout(ctl):
    done = ctl('rules', 'fmt', '--check', f'{ROOT}/rules')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_fmt_leaves_what_it_cannot_read(ctl, tmp_path):
    (tmp_path / 'packs').mkdir()
    (tmp_path / 'packs' / 'a.yaml').write_text('pack: [')
    (tmp_path / 'packs' / 'b.yaml').write_text(UGLY)
    done = ctl('rules', 'fmt', 'packs', 'nowhere.yaml')
    assert done.returncode == 1 and 'packs/a.yaml: line ' in done.stderr and 'nowhere.yaml: ' in done.stderr
    assert done.stdout == 'packs/b.yaml\n' and (tmp_path / 'packs' / 'b.yaml').read_text() == NEAT
    assert (tmp_path / 'packs' / 'a.yaml').read_text() == 'pack: ['
