/* The gaps, file by file or worst first, each with its source. */
(function (QE) {
  'use strict';

  QE.severity = (level) => QE.el('span', { class: `severity ${level}` }, level);

  /** One gap as a row: where, how bad, and what it is. */
  QE.gapCell = function (host, { gap }) {
    host.append(
      QE.el('span', { class: 'line1' }, QE.path(gap.file_path, QE.lines(gap.line_start, gap.line_end)),
        gap.in_diff ? QE.badge('diff', 'diff') : null),
      QE.el('span', { class: 'line2' }, QE.severity(gap.severity),
        QE.el('span', { class: 'what' }, QE.el('bdi', { text: what(gap) }))));
  };

  function what(gap) {
    const size = gap.gap_type === 'partial' ? 'branch not taken' : `${QE.plural(gap.statements, 'statement')} missed`;
    return gap.function ? `${gap.function} · ${size}` : size;
  }

  /** In changed lines first, then by severity, then as they came. */
  QE.worseGap = (one, other) => Number(other.gap.in_diff) - Number(one.gap.in_diff) ||
    QE.rank(one.gap.severity) - QE.rank(other.gap.severity) || one.n - other.n;

  QE.gapDetail = function (gap) {
    return QE.el('div', { class: 'facts' },
      QE.el('h2', null, QE.path(gap.file_path, QE.lines(gap.line_start, gap.line_end))),
      QE.el('p', { class: 'tags' }, QE.severity(gap.severity), QE.badge(gap.gap_type === 'partial' ? 'partial branch' : 'uncovered', ''),
        gap.in_diff ? QE.badge('in the diff', 'diff') : null, gap.measured ? null : QE.badge('not measured', 'fair'),
        gap.function ? QE.el('code', { text: gap.function }) : null,
        QE.el('a', { href: QE.href({ view: 'files', path: gap.file_path, line: QE.lines(gap.line_start, gap.line_end) }) }, 'Open the file')),
      gap.anchor && gap.anchor.line_start !== gap.line_start ? QE.el('p', { class: 'soft', text: `At the pull request's head: ${gap.anchor.path}:${QE.lines(gap.anchor.line_start, gap.anchor.line_end)}` }) : null,
      QE.el('div', { class: 'columns' },
        QE.part('Why', QE.texts(gap.reasons)),
        QE.part('Never happened', QE.texts(gap.branch_words.length ? gap.branch_words : gap.missing_branches.map((way) => `going to ${way}`), 12)),
        QE.part('Tests to write', QE.texts(gap.suggested_tests)),
        gap.critical_path ? QE.part('Critical path', QE.el('a', { href: QE.href({ view: 'critical', sel: gap.critical_path }) }, QE.el('code', { text: gap.critical_path }))) : null,
        QE.part('Tests that run the function', QE.texts(gap.covered_by, 12))));
  };

  QE.gapsView = function () {
    const source = new QE.SourceView();
    const view = new QE.ListView({
      name: 'gaps', title: 'Gaps', height: 52, nothing: 'No gap has been found.',
      source: (state) => state.gaps, index: (state) => state.gapById,
      match: (row, filter) => filter.gap(row),
      compare: QE.worseGap, sorts: ['Worst first', 'As they came'],
      done: (state) => Boolean(state.complete('coverage-analyzer')),
      fill: QE.gapCell,
      detail(row, host) { host.append(QE.gapDetail(row.gap), source.element); },
      moved({ gap }) {
        source.show(view.state.files.get(gap.file_path), { hide: QE.route.hide, at: gap.line_start, last: gap.line_end });
      },
    });
    return view;
  };
})(window.QE);
