/* Generated tests with their code and what was measured of them; refused ones; suspected bugs. */
(function (QE) {
  'use strict';
  const WORDS = { suspicion: 'suspected bug', test: 'proposed', refused: 'refused' };
  const ORDER = Object.keys(WORDS);
  const KINDS = { test: 'good', refused: 'none', suspicion: 'poor' };

  function fill(host, row) {
    const name = row.test ? row.test.test_name : row.bug.function || row.bug.file_path;
    const says = row.kind === 'suspicion' ? `${row.bug.example} gives ${row.bug.got}` :
      row.kind === 'refused' ? row.reason : row.target;
    host.append(QE.el('span', { class: 'line1' }, QE.el('bdi', { class: 'name', text: name })),
      QE.el('span', { class: 'line2' }, QE.badge(WORDS[row.kind], KINDS[row.kind]),
        QE.el('span', { class: 'what' }, QE.el('bdi', { text: says }))));
  }

  function facts(pairs) {
    const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
    return known.length ? QE.el('dl', { class: 'pairs' }, known.map(([name, value]) => [QE.el('dt', { text: name }), QE.el('dd', { text: value })])) : null;
  }

  function evidence(found) {
    if (!found) return null;
    return QE.part('Evidence', facts([
      ['Lines it covers that were missed', QE.short(found.lines)],
      ['Branches it takes that were missed', found.branches.join(', ')],
      ['Mutants', found.mutants ? `kills ${found.killed} of ${found.mutants}` : 'none could be made'],
      ['Passed in', found.runs ? `${QE.plural(found.runs, 'fresh process', 'fresh processes')}${found.pythons.length ? ` on Python ${found.pythons.join(', ')}` : ''}` : ''],
      ['Run together', found.suite],
    ]));
  }

  /** Lines as ranges: `1-4, 8`. */
  QE.short = function (lines) {
    const runs = [];
    for (const line of lines) {
      const last = runs[runs.length - 1];
      if (last && last[1] === line - 1) last[1] = line;
      else runs.push([line, line]);
    }
    return runs.map(([start, end]) => QE.lines(start, end)).join(', ');
  };

  function code(test) {
    const text = (test.imports.length ? test.imports.join('\n') + '\n\n\n' : '') + test.test_code;
    const lines = text.split('\n');
    const tint = new QE.Tint(lines, true);
    return QE.el('pre', { tabindex: '0', role: 'region', 'aria-label': 'Code of the test' }, QE.el('code', null,
      lines.map((_, index) => [...tint.nodes(index), index < lines.length - 1 ? document.createTextNode('\n') : null])));
  }

  function tested(row) {
    const test = row.test;
    const cut = row.target ? row.target.split('::')[0] : '';
    return [QE.el('h2', null, QE.el('bdi', { text: test.test_name })),
      QE.el('p', { class: 'tags' }, QE.badge(WORDS[row.kind], KINDS[row.kind]),
        row.target ? QE.el('a', { href: QE.href({ view: 'files', path: cut, sel: '' }) }, QE.el('code', { text: row.target })) : null,
        test.generator ? QE.el('span', { class: 'soft', text: `by ${test.generator}` }) : null),
      row.kind === 'refused' ? QE.el('p', { class: 'callout', text: `Refused: ${row.reason}${row.detail ? ` — ${row.detail}` : ''}` }) : row.verdict ? QE.el('p', { text: row.verdict }) : null,
      evidence(test.evidence),
      QE.part('Code', code(test)),
      facts([['File', test.path], ['Framework', `${test.framework}, ${test.test_type}`], ['Edge cases', test.edge_cases.join('; ')]])];
  }

  function suspected({ bug }) {
    return [QE.el('h2', null, QE.el('bdi', { text: bug.function || bug.file_path })),
      QE.el('p', { class: 'tags' }, QE.badge('suspected bug', 'poor'),
        QE.el('a', { href: QE.href({ view: 'files', path: bug.file_path, line: bug.line || '', sel: '' }) },
          QE.el('code', { text: bug.line ? `${bug.file_path}:${bug.line}` : bug.file_path }))),
      QE.el('p', null, 'The code contradicts an example of its documentation. No test pins what it does.'),
      QE.part('Example', QE.pre(bug.example, 'Example')), QE.part('Expected', QE.pre(bug.expected, 'Expected')), QE.part('Got', QE.pre(bug.got, 'Got'))];
  }

  QE.generatedView = () => new QE.ListView({
    name: 'generated', title: 'Generated tests', height: 52, nothing: 'No test has been generated.',
    source: (state) => state.generated, index: (state) => state.generatedById, touched: (state) => state.touched.generated,
    match: (row, filter) => !(filter.hide && row.kind === 'refused') && (row.test
      ? filter.says((row.target || '').split('::')[0], row.test.test_name, row.target, row.reason)
      : filter.says(row.bug.file_path, row.bug.function, row.bug.example)),
    compare: (one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind),
    sorts: ['Bugs first', 'As they came'],
    done: (state) => Boolean(state.complete('test-generator')),
    fill, detail: (row, host) => host.append(QE.el('div', { class: 'facts tall' }, row.kind === 'suspicion' ? suspected(row) : tested(row))),
  });
})(window.QE);
