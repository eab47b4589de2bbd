/* The run at a glance: figures, what goes on, verdicts, and the worst of everything. */
(function (QE) {
  'use strict';
  const FEW = 6;
  const AGENTS = [['test-executor', 'Run of the tests'], ['coverage-analyzer', 'Analysis'], ['test-generator', 'Generation of tests']];

  /** A part of the page that is written anew only where its content changed. */
  class Part {
    /** @param {string[]} of the parts of the state that it shows */
    constructor(className, write, of) {
      this.element = QE.el('section', { class: className });
      this.write = write;
      this.of = of;
    }

    update(state) {
      const seen = this.of.map((each) => state.version[each]).join() + QE.href({}) + state.notes.length + state.unknown;
      if (seen === this.seen && state === this.state) return;
      this.seen = seen;
      this.state = state;
      const nodes = this.write(state).flat(9).filter(Boolean);
      const holder = QE.el('div', null, nodes);
      const stamp = holder.textContent + [...holder.querySelectorAll('[href], .fill')].map((node) => node.getAttribute('href') || node.style.width).join();
      this.element.hidden = !nodes.length;
      if (stamp === this.stamp) return;
      this.stamp = stamp;
      this.element.replaceChildren(...holder.childNodes);
    }
  }

  const tile = (name, value, more, href, kind) => QE.el(href ? 'a' : 'div', { class: `tile ${kind || ''}`, href },
    QE.el('span', { class: 'name', text: name }), QE.el('span', { class: 'value', text: value }), more ? QE.el('span', { class: 'more' }, more) : null);

  function figures(state) {
    const result = state.complete('coverage-analyzer');
    const deltas = (result && result.deltas) || {};
    const coverage = result ? [['Coverage', 'overall'], ['Lines', 'line'], ['Branches', 'branch'], ['Functions', 'function'], ['Changed lines', 'patch']]
      .filter(([, key]) => result[`${key}_coverage`] !== null || key === 'overall')
      .map(([name, key]) => tile(name, QE.percent(result[`${key}_coverage`]),
        deltas[key] !== undefined && deltas[key] !== null ? `${QE.signed(deltas[key])} points` : '', null)) : [];
    const bad = (state.tally.get('failed') || 0) + (state.tally.get('error') || 0);
    const flaky = state.tally.get('flaky') || 0;
    return QE.el('div', { class: 'tiles' },
      state.tests.length ? tile('Tests', QE.count(state.tests.length), bad || flaky ? [bad ? `${QE.count(bad)} failed` : '', flaky ? `${QE.count(flaky)} flaky` : ''].filter(Boolean).join(', ') : 'none failed', QE.href({ view: 'tests' }), bad ? 'poor' : '') : null,
      coverage,
      state.gaps.length ? tile('Gaps', QE.count(state.gaps.length), QE.LEVELS.filter((each) => state.severities.get(each)).slice(0, 1).map((each) => `${QE.count(state.severities.get(each))} ${each}`).join(''), QE.href({ view: 'gaps' })) : null,
      state.generated.length ? tile('Generated', QE.count(state.generated.filter((row) => row.kind === 'test').length), 'tests proposed', QE.href({ view: 'generated' })) : null);
  }

  function doing(state) {
    if (!state.events) return [QE.el('p', { class: 'empty' }, 'Nothing has been heard of the run yet.')];
    return AGENTS.filter(([name]) => state.agents.has(name)).map(([name, title]) => {
      const { progress, complete, collected } = state.agents.get(name);
      const percent = complete && complete.conclusion === 'finished' ? 100 : progress ? progress.percent : 0;
      const left = progress && progress.seconds_left !== null && progress.seconds_left !== undefined && !complete ? `, about ${QE.seconds(progress.seconds_left)} left` : '';
      const says = complete ? complete.conclusion : progress ? progress.message + left : collected ? `${QE.plural(collected.total, 'test')} collected` : 'begins';
      const ending = complete && complete.passed === false ? 'failed' : complete ? complete.conclusion : 'running';
      return QE.el('div', { class: `agent ${ending}` }, QE.el('span', { class: 'name', text: title }),
        QE.bar(percent, 100, `${Math.floor(percent)}%`), QE.el('span', { class: 'says' }, QE.el('bdi', { text: says })));
    });
  }

  function troubles(state) {
    const found = [...state.agents.values()].flatMap(({ errors }) => errors);
    return found.map((error) => QE.el('div', { class: `callout ${error.recoverable ? 'fair' : 'poor'}` },
      QE.el('strong', { text: error.message }), error.hint ? QE.el('p', { text: error.hint }) : null,
      error.output && error.output.length ? QE.pre(error.output.join('\n'), 'Output') : null));
  }

  function verdicts(state) {
    const analysis = state.complete('coverage-analyzer');
    const suite = state.complete('test-executor');
    const gates = analysis ? analysis.gates : [];
    const rows = gates.map((gate) => QE.el('li', null, QE.badge(gate.passed === null ? 'not judged' : gate.passed ? 'passed' : 'failed', gate.passed === null ? '' : gate.passed ? 'good' : 'poor'),
      QE.el('strong', { text: gate.name }), QE.el('span', { class: 'soft', text: gate.detail })));
    if (suite && suite.passed !== null) rows.unshift(QE.el('li', null, QE.badge(suite.passed ? 'passed' : 'failed', suite.passed ? 'good' : 'poor'), QE.el('strong', null, 'tests'),
      QE.el('span', { class: 'soft', text: `${suite.counts.failed + suite.counts.error ? `${QE.count(suite.counts.failed + suite.counts.error)} failed${state.tally.get('flaky') ? `, ${QE.count(state.tally.get('flaky'))} of them flaky` : ''}; ` : ''}${QE.count(suite.counts.passed)} passed${suite.seconds !== null ? ` in ${QE.seconds(suite.seconds)}` : ''}` })));
    const misfit = analysis && analysis.misfit ? QE.el('p', { class: 'callout poor', text: `The report does not fit this repository: ${analysis.misfit}` }) : null;
    return rows.length || misfit ? [QE.el('h2', null, 'Verdicts'), misfit, QE.el('ul', { class: 'verdicts' }, rows)] : [];
  }

  function worst(title, rows, view, cell) {
    if (!rows.length) return [];
    return [QE.el('h2', null, title), QE.el('ul', { class: 'short' }, rows.slice(0, FEW).map((row) => {
      const link = QE.el('a', { class: 'cell', href: QE.href({ view, sel: row.key }) });
      cell(link, row);
      return QE.el('li', null, link);
    })), rows.length > FEW ? QE.el('p', null, QE.el('a', { href: QE.href({ view }) }, `All ${QE.count(rows.length)}`)) : null];
  }

  function failures(state) {
    const bad = [];
    if (!(state.tally.get('failed') || state.tally.get('error'))) return [];
    for (const test of state.tests) if (test.outcome === 'failed' || test.outcome === 'error') bad.push(test);
    return worst('Failures', bad, 'tests', QE.testCell);
  }

  let kept = [];
  let looked = [null, 0];

  /** The worst few, found without sorting all: only what is new is looked at. */
  function gaps(state) {
    if (looked[0] !== state) [kept, looked] = [[], [state, 0]];
    for (; looked[1] < state.gaps.length; looked[1]++) {
      const row = state.gaps[looked[1]];
      if (kept.length === FEW && QE.worseGap(row, kept[FEW - 1]) >= 0) continue;
      kept.push(row);
      kept.sort(QE.worseGap);
      kept.length = Math.min(kept.length, FEW);
    }
    const rows = worst('Worst gaps', kept, 'gaps', QE.gapCell);
    if (state.gaps.length > FEW) rows.push(QE.el('p', null, QE.el('a', { href: QE.href({ view: 'gaps' }) }, `All ${QE.count(state.gaps.length)} gaps`)));
    return rows;
  }

  function suite(state) {
    const done = state.complete('test-executor');
    if (!done) return [];
    const list = (title, ...inside) => QE.part(title, ...inside);
    const skipped = Object.entries(done.skipped).map(([reason, count]) => `${QE.count(count)} × ${reason || 'no reason given'}`);
    const parts = [
      done.hung ? list('Hung', QE.texts([done.hung]), done.stack ? QE.pre(done.stack, 'Stack') : null) : null,
      done.running.length ? list('Running when it was cut off', QE.texts(done.running, 10)) : null,
      done.slowest.length ? list('Slowest', QE.el('ul', { class: 'plain' }, done.slowest.map((test) => QE.el('li', null,
        QE.el('a', { href: QE.href({ view: 'tests', sel: test.id, out: '' }) }, QE.el('bdi', { text: test.id })), QE.el('span', { class: 'soft', text: ` ${QE.seconds(test.seconds)}` }))))) : null,
      list('Skipped', QE.texts(skipped, 10)),
      done.rerun ? list('Run the failures again', QE.pre(done.rerun, 'Command')) : null].filter(Boolean);
    return parts.length ? [QE.el('h2', null, 'Tests'), parts] : [];
  }

  function notes(state) {
    const found = [...state.agents.values()].flatMap(({ complete }) => (complete ? complete.notes : []));
    const all = state.notes.concat(found);
    if (state.unknown) all.push(`${QE.plural(state.unknown, 'event')} of a kind that this page does not know, left out.`);
    return all.length ? [QE.el('h2', null, 'Notes'), QE.texts(all)] : [];
  }

  QE.Overview = class Overview {
    constructor() {
      this.parts = [new Part('', (state) => [figures(state)], ['agents', 'tests', 'gaps', 'generated']),
        new Part('agents', doing, ['agents']), new Part('', troubles, ['agents']), new Part('', verdicts, ['agents'])];
      this.wide = [new Part('half', failures, ['tests']), new Part('half', gaps, ['gaps']),
        new Part('half', suite, ['agents']), new Part('half', notes, ['agents'])];
      this.element = QE.el('div', { class: 'overview', tabindex: '0', role: 'region', 'aria-label': 'Overview' },
        this.parts.map((part) => part.element), QE.el('div', { class: 'halves' }, this.wide.map((part) => part.element)));
    }

    reset() {}

    update(state) {
      for (const part of this.parts.concat(this.wide)) part.update(state);
    }
  };
})(window.QE);
