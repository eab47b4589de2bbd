/* The critical paths: functions that much else reaches and that the tests miss. */
(function (QE) {
  'use strict';

  function split(path) {
    const cut = path.lastIndexOf('::');
    return cut < 0 ? [path, ''] : [path.slice(0, cut), path.slice(cut + 2)];
  }

  const callers = ({ callers, at_least }) => `${at_least ? 'at least ' : ''}${QE.plural(callers, 'function')} ${callers === 1 ? 'reaches' : 'reach'} it`;

  function fill(host, { path }) {
    const [file, name] = split(path.path);
    host.append(QE.el('span', { class: 'line1' }, QE.el('bdi', { class: 'name', text: name || file })),
      QE.el('span', { class: 'line2' }, QE.severity(path.impact),
        QE.el('span', { class: 'what' }, QE.el('bdi', { text: `${callers(path)} · ${file}` }))));
  }

  QE.criticalView = function () {
    const source = new QE.SourceView();
    const gapsOf = (row) => ((view.state.files.get(split(row.path.path)[0]) || { gaps: [] }).gaps)
      .filter(({ gap }) => gap.critical_path === row.path.path);
    const view = new QE.ListView({
      name: 'critical', title: 'Critical paths', height: 52, nothing: 'No critical path has been found.',
      source: (state) => state.critical, index: (state) => state.criticalByPath,
      match: ({ path }, filter) => filter.level(path.impact) && filter.says(split(path.path)[0], path.path),
      compare: ({ path: one }, { path: other }) => QE.rank(one.impact) - QE.rank(other.impact) || other.weight - one.weight,
      sorts: ['Worst first', 'As they came'],
      done: (state) => Boolean(state.complete('coverage-analyzer')),
      fill,
      detail(row, host) {
        const [file, name] = split(row.path.path);
        const gaps = gapsOf(row);
        host.append(QE.el('div', { class: 'facts' }, QE.el('h2', null, QE.el('bdi', { text: name || file })),
          QE.el('p', { class: 'tags' }, QE.severity(row.path.impact), QE.el('span', { text: callers(row.path) }),
            QE.el('a', { href: QE.href({ view: 'files', path: file }) }, QE.el('code', { text: file }))),
          QE.el('div', { class: 'columns' }, QE.part('Why', QE.texts(row.path.reasons)),
            QE.part('Gaps in it', gaps.length ? QE.el('ul', { class: 'plain' }, gaps.slice(0, 20).map(({ key, gap }) => QE.el('li', null,
              QE.el('a', { href: QE.href({ view: 'gaps', sel: key }) }, `Line ${QE.lines(gap.line_start, gap.line_end)}`), ' ', QE.severity(gap.severity))),
              gaps.length > 20 ? QE.el('li', { class: 'soft', text: `and ${QE.count(gaps.length - 20)} more` }) : null) : null))), source.element);
      },
      moved(row) {
        const file = view.state.files.get(split(row.path.path)[0]);
        const gaps = gapsOf(row);
        if (file) source.show(file, { hide: QE.route.hide, at: gaps.length ? gaps[0].gap.line_start : 0 });
      },
    });
    return view;
  };
})(window.QE);
