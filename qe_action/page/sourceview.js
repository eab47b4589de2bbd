/* A file's source: each line's state, what its gaps say, and which tests run the line that is chosen. */
(function (QE) {
  'use strict';
  const HEIGHT = 20;
  const NEAR = 3; // lines that stay around what is missed where the covered ones are hidden
  const MOST_TESTS = 500;
  const SIGNS = { covered: '+', partial: '±', missed: '−' };
  const SAID = { covered: 'covered', partial: 'partly covered: not every branch was taken', missed: 'not covered', '': 'no statement' };

  QE.SourceView = class SourceView {
    constructor() {
      this.list = new QE.VirtualList({
        label: 'Source', height: HEIGHT, className: 'source', key: (row) => row.key,
        stamp: (row) => `${this.version}${this.chosen(row) ? '*' : ''}${QE.href({ line: '' })}`,
        fill: (node, row) => this.fill(node, row),
      });
      this.note = QE.el('p', { class: 'source-note', hidden: true });
      this.panel = QE.el('section', { class: 'line-panel', 'aria-label': 'The chosen line', hidden: true });
      this.element = QE.el('div', { class: 'source-view' }, this.note, this.list.element, this.panel);
      this.version = 0;
      this.path = null;
    }

    /**
     * @param {any} file of the state, or a path alone where the run has told nothing of it
     * @param {{hide: boolean, at: number, last?: number}} how the line to begin at
     */
    async show(file, how) {
      const stamp = `${file.path}\n${file.v}\n${how.hide}`;
      this.file = file;
      this.at = how.at;
      this.last = how.last || how.at;
      if (stamp !== this.stamp) {
        this.stamp = stamp;
        const text = await QE.sources.text(file.path);
        if (this.stamp !== stamp) return; // another file was asked for meanwhile
        const fresh = this.path !== file.path;
        this.path = file.path;
        this.read(text, how.hide);
        if (fresh) this.list.element.scrollTop = 0;
        this.readOf = stamp;
      }
      if (this.readOf === stamp) this.mark(how.hide); // else the text is still on its way
    }

    read(text, hide) {
      this.lines = text === null ? null : text.split(/\r\n|\r|\n/);
      if (this.lines && this.lines[this.lines.length - 1] === '') this.lines.pop();
      this.states = states(this.file);
      this.tint = this.lines && new QE.Tint(this.lines, /\.pyi?$/.test(this.path));
      this.notes = notes(this.file);
      this.version++;
      this.list.set(this.rows(hide));
      const widest = (this.lines || []).reduce((most, line) => Math.max(most, Math.min(line.length, 2000)), 0);
      this.list.space.style.minWidth = `calc(${widest + 8}ch + 96px)`;
      this.say(text);
    }

    say(text) {
      const says = text === null ? ['The source is not available here: the lines below are what the report tells.'] : [];
      if (!this.file.told) says.push(this.file.gaps.length ? 'Only the gaps of this file are known, not every line.' : 'The report tells no lines of this file.');
      this.note.hidden = !says.length;
      this.note.textContent = says.join(' ');
    }

    rows(hide) {
      const last = this.lines ? this.lines.length : Math.max(0, ...this.states.keys());
      const rows = [];
      let skipped = 0;
      for (let line = 1; line <= last; line++) {
        if (this.left(line, hide)) { skipped++; continue; }
        if (skipped) rows.push({ key: `f${line}`, skipped });
        skipped = 0;
        rows.push({ key: `l${line}`, line });
      }
      if (skipped) rows.push({ key: 'f', skipped });
      return rows;
    }

    left(line, hide) {
      if (!this.lines && !this.states.get(line)) return true;
      if (!hide) return false;
      for (let near = line - NEAR; near <= line + NEAR; near++) {
        const state = this.states.get(near);
        if (state === 'missed' || state === 'partial' || (near >= this.at && near <= this.last)) return false;
      }
      return true;
    }

    chosen(row) {
      return row.line && row.line >= this.at && row.line <= this.last;
    }

    fill(node, row) {
      if (row.skipped) {
        node.className = 'row skipped';
        node.replaceChildren(QE.el('span', { text: this.lines ? QE.plural(row.skipped, 'line') : '⋯' }));
        return;
      }
      const state = this.states.get(row.line) || '';
      node.className = `row ${state} ${this.chosen(row) ? 'chosen' : ''}`;
      const link = QE.el('a', { class: 'number', href: QE.href({ line: row.line }), text: row.line,
        'aria-label': `Line ${row.line}, ${this.said(state).split(':')[0]}`, on: { click: (event) => this.reach(event, row.line) } });
      const code = QE.el('code');
      if (this.tint) code.append(...this.tint.nodes(row.line - 1));
      const note = this.notes.get(row.line);
      node.replaceChildren(link, QE.el('span', { class: 'sign', 'aria-hidden': 'true', text: SIGNS[state] || '' }), code,
        note ? QE.el('span', { class: `note ${note.severity}`, text: note.text }) : '');
    }

    /** With Shift held a click reaches from the chosen line to this one. */
    reach(event, line) {
      if (!event.shiftKey || !this.chosenLine) return;
      event.preventDefault();
      QE.go({ line: QE.lines(Math.min(line, this.chosenLine), Math.max(line, this.chosenLine)) });
    }

    mark(hide) {
      const [start, end] = QE.route.line.split('-').map(Number);
      this.chosenLine = start || 0;
      if (start) { this.at = start; this.last = end || start; }
      this.tell(start); // first, as its panel takes room from the lines
      const want = `${this.path}\n${hide}\n${this.at}`;
      if (this.revealed !== want) {
        this.revealed = want;
        const index = this.list.rows.findIndex((row) => row.line && row.line >= this.at);
        if (index >= 0 && this.at) this.list.reveal(index, !start || !this.inSight(index));
      }
      this.list.draw();
    }

    inSight(index) {
      const [first, last] = this.list.sight();
      return first < index && index < last;
    }

    /** A file that the report tells no lines of may have statements anywhere. */
    said(state) {
      return state || this.file.told ? SAID[state] : 'coverage unknown';
    }

    /** What is known of the chosen line. */
    tell(line) {
      this.panel.hidden = !line;
      if (!line) return;
      const state = this.states.get(line) || '';
      const gaps = this.file.gaps.filter(({ gap }) => gap.line_start <= line && line <= gap.line_end);
      this.panel.replaceChildren(
        QE.el('header', null, QE.el('strong', { text: `Line ${line}` }), QE.badge(this.said(state), state),
          QE.el('a', { class: 'close', href: QE.href({ line: '' }), 'aria-label': 'Close', text: '✕' })),
        gaps.length ? QE.texts(gaps.flatMap(({ gap }) => gap.branch_words.length ? gap.branch_words : gap.missing_branches.map((way) => `never went to ${way}`))) : '',
        this.testsOf(line));
    }

    testsOf(line) {
      const told = this.file.told;
      if (!told) return '';
      const tests = Object.entries(told.tests || {}).filter(([, ranges]) => QE.within(QE.ranges(ranges), line)).map(([test]) => test);
      const more = told.more_tests ? `; ${QE.plural(told.more_tests, 'test')} of this file left out` : '';
      if (!tests.length && !Object.keys(told.tests || {}).length && !more) return QE.el('p', { class: 'soft' }, 'The report does not name tests.');
      return QE.el('div', null, QE.el('p', { class: 'soft' }, `${QE.plural(tests.length, 'test runs', 'tests run')} this line${more}`),
        QE.texts(tests, MOST_TESTS));
    }
  };

  /** @returns {Map<number, string>} */
  function states(file) {
    const found = new Map();
    const put = (text, state) => QE.eachLine(QE.ranges(text), (line) => found.set(line, state));
    if (file.told) {
      put(file.told.covered, 'covered');
      put(file.told.partial, 'partial');
      put(file.told.missed, 'missed');
    } else {
      for (const { gap } of file.gaps) put(QE.lines(gap.line_start, gap.line_end), gap.gap_type === 'partial' ? 'partial' : 'missed');
    }
    return found;
  }

  /** What stands at the end of a line that a gap begins in. */
  function notes(file) {
    const found = new Map();
    for (const { gap } of file.gaps) {
      const text = gap.branch_words.join('; ') || (gap.statements ? `${QE.plural(gap.statements, 'statement')} missed` : gap.missing_branches.length ? `never went to ${gap.missing_branches.join(', ')}` : '');
      if (text) found.set(gap.line_start, { text, severity: gap.severity });
    }
    return found;
  }
})(window.QE);
