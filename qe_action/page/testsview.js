/* The tests as they end: what failed with its traceback, what is flaky, slow or skipped. */
(function (QE) {
  'use strict';
  const SIGNS = { failed: '✕', error: '!', flaky: '~', xpassed: '?', slow: '◷', skipped: '–', xfailed: 'x', passed: '✓' };

  QE.outcome = (outcome, word) => QE.el('span', { class: `outcome ${outcome}`, title: outcome, 'aria-label': word ? null : outcome, role: word ? null : 'img' },
    QE.el('span', { class: 'sign', 'aria-hidden': 'true', text: SIGNS[outcome] || '·' }), word ? outcome : '');

  /** A test's name, apart from the file that it is in. */
  QE.testName = function (id) {
    const cut = id.indexOf('::');
    return cut < 0 ? ['', id] : [id.slice(0, cut), id.slice(cut + 2)];
  };

  function bad(test) {
    return test.runs.filter((run) => run.outcome === 'failed' || run.outcome === 'error');
  }

  function fill(host, test) {
    const [path, name] = QE.testName(test.id);
    const last = bad(test)[0];
    const says = last ? last.message : test.flaky ? test.flaky.message : (test.runs[0] || {}).reason;
    host.append(QE.outcome(test.outcome),
      QE.el('span', { class: 'line1' }, QE.el('bdi', { class: 'name', text: name }),
        QE.el('span', { class: 'time', text: QE.seconds(test.seconds) })),
      QE.el('span', { class: 'line2' }, QE.el('span', { class: 'what' },
        QE.el('bdi', { text: says ? says.split('\n')[0] : test.file_path || path }))));
  }

  QE.testCell = fill;

  function place(path, line) {
    if (!path) return null;
    return QE.el('a', { class: 'place', href: QE.href({ view: 'files', path, line: line || '' }) },
      QE.el('code', { text: line ? `${path}:${line}` : path }));
  }

  function run(event, many) {
    const at = event.failed_at;
    return [
      many ? QE.el('h3', null, `${event.outcome}${event.phase ? ` in ${event.phase}` : ''}`) : null,
      at ? QE.el('p', null, 'Failed at ', place(at.path, QE.lines(at.line_start, at.line_end)),
        event.anchor && event.anchor.line_start !== at.line_start ? ` (line ${event.anchor.line_start} at the pull request's head)` : '') : null,
      event.message ? QE.part('Message', QE.pre(event.message, 'Message')) : null,
      event.traceback ? QE.part('Traceback', QE.pre(event.traceback, 'Traceback')) : null,
      event.output ? QE.part('Output', QE.pre(event.output, 'Output')) : null,
      event.reason ? QE.part('Reason', QE.el('p', { text: event.reason })) : null,
    ];
  }

  function detail(test, host) {
    const [path, name] = QE.testName(test.id);
    const first = bad(test)[0] || test.runs[0] || {};
    host.append(QE.el('div', { class: 'facts tall' },
      QE.el('h2', null, QE.el('bdi', { text: name })),
      QE.el('p', { class: 'tags' }, QE.outcome(test.outcome, true), QE.badge(first.phase ? `in ${first.phase}` : '', ''),
        first.history === 'new' ? QE.badge('new: the base passes', 'poor') : first.history === 'known' ? QE.badge('fails at the base too', '') : null,
        test.seconds !== null ? QE.el('span', { class: 'soft', text: QE.seconds(test.seconds) }) : null,
        place(test.file_path || path, test.line)),
      test.flaky ? QE.el('p', { class: 'callout fair', text: `Flaky: it failed, and passed in run ${test.flaky.passed_in}.` }) : null,
      test.slow ? QE.el('p', { class: 'callout fair', text: `Slow: ${QE.seconds(test.slow.seconds)}, at the base ${QE.seconds(test.slow.base_seconds)}.` }) : null,
      test.flaky && test.flaky.message && !bad(test).length ? QE.part('Message', QE.pre(test.flaky.message, 'Message')) : null,
      test.runs.flatMap((event) => run(event, test.runs.length > 1))));
  }

  function controls(state) {
    const chosen = QE.route.out;
    const link = (out, word, count) => QE.el('a', { class: 'tab', href: QE.href({ out }), 'aria-current': chosen === out ? 'true' : null },
      out ? QE.outcome(out) : null, word, QE.el('span', { class: 'count', text: QE.count(count) }));
    return [QE.el('div', { class: 'tabs' }, link('', 'All', state.tests.length),
      QE.OUTCOMES.filter((each) => state.tally.get(each) || each === chosen).map((each) => link(each, each, state.tally.get(each) || 0)))];
  }

  QE.testsView = () => new QE.ListView({
    name: 'tests', title: 'Tests', height: 52, nothing: 'No test has ended.',
    source: (state) => state.tests, index: (state) => state.testById, touched: (state) => state.touched.tests,
    match: (test, filter) => (!filter.out || test.outcome === filter.out) && !(filter.hide && test.outcome === 'passed') &&
      filter.says(test.file_path || QE.testName(test.id)[0], test.id, (bad(test)[0] || {}).message),
    compare: (one, other) => QE.worseOutcome(one.outcome, other.outcome) || (other.seconds || 0) - (one.seconds || 0),
    sorts: ['Worst first', 'As they ended'],
    done: (state) => Boolean(state.complete('test-executor')),
    fill, detail, controls,
    controlStamp: (state) => JSON.stringify([...state.tally]),
  });
})(window.QE);
