/* A view with a list and what is chosen of it: filter, order, and rows that wait so that none jumps. */
(function (QE) {
  'use strict';
  const SETTLING = 600; // milliseconds after its first row in which a list may still be put in order

  const SCROLLED = ['.facts', '.source'];

  QE.ListView = class ListView {
    /**
     * @param {{name: string, title: string, height: number, nothing: string, source(state): any[],
     *   touched?(state): Set<any>, match(row, filter): boolean, compare(a, b): number,
     *   done(state): boolean, fill(node, row): void, detail(row, host): void, stamp?(row): string,
     *   sorts: [string, string], controls?(state): Node[]}} how
     */
    constructor(how) {
      this.how = how;
      this.list = new QE.VirtualList({
        label: how.title, height: how.height, key: (row) => row.key,
        stamp: (row) => `${row.v}${row.key === QE.route.sel ? '*' : ''}${how.stamp ? how.stamp(row) : ''}`,
        fill: (node, row) => this.fill(node, row),
      });
      this.summary = QE.el('p', { class: 'summary' });
      this.controls = QE.el('div', { class: 'controls' });
      this.waitingButton = QE.el('button', { type: 'button', class: 'waiting', hidden: true, on: { click: () => { this.rebuild(true); this.say(); this.list.element.focus(); } } });
      this.empty = QE.el('p', { class: 'empty' });
      this.detail = QE.el('section', { class: 'detail', 'aria-label': 'Details' });
      this.element = QE.el('div', { class: `split view-${how.name}` },
        QE.el('section', { class: 'master', 'aria-label': how.title },
          QE.el('div', { class: 'list-head' }, this.controls, this.summary), this.waitingButton, this.empty, this.list.element),
        this.detail);
      this.reset();
    }

    /** Forgets what was shown: a new run has begun, or the view was left. */
    reset() {
      this.seen = 0;
      this.held = [];
      this.shown = new Set();
      this.list.set([], false);
      this.firstAt = 0;
      this.order = '';
      this.filterKey = null;
      this.detailOf = null;
    }

    get settled() {
      return this.firstAt > 0 && performance.now() - this.firstAt > SETTLING;
    }

    fill(node, row) {
      node.classList.toggle('chosen', row.key === QE.route.sel);
      const link = QE.el('a', { class: 'cell', href: QE.href({ sel: row.key, line: '' }), 'aria-current': row.key === QE.route.sel ? 'true' : null });
      this.how.fill(link, row);
      const had = node.contains(document.activeElement);
      node.replaceChildren(link);
      if (had) link.focus({ preventScroll: true });
    }

    /** Called when the view is opened, when the address changes, and once a frame while events come. */
    update(state) {
      this.state = state;
      const filterKey = ['q', 'sev', 'diff', 'hide', 'out', 'sort'].map((name) => QE.route[name]).join('\n');
      if (filterKey !== this.filterKey) {
        const first = this.filterKey === null;
        this.filterKey = filterKey;
        this.filter = new QE.Filter(QE.route);
        this.order = '';
        this.rebuild(!first);
      } else this.take();
      this.say();
      this.show();
    }

    /** All rows that fit, in order. */
    rebuild(fromTop) {
      const source = this.how.source(this.state);
      const rows = source.filter((row) => this.how.match(row, this.filter));
      if (!this.settled || !this.order) this.order = QE.route.sort || (this.how.done(this.state) ? 'worst' : 'came');
      if (this.order === 'worst') rows.sort(this.how.compare);
      this.seen = source.length;
      this.held = [];
      this.shown = new Set(rows.map((row) => row.key));
      if (rows.length && !this.firstAt) this.firstAt = performance.now();
      this.list.set(rows, !fromTop);
      if (this.how.touched) this.how.touched(this.state).clear();
    }

    /** What came since: below what is shown, or held back where it would come between. */
    take() {
      const source = this.how.source(this.state);
      const touched = this.how.touched ? this.how.touched(this.state) : new Set();
      if (source.length === this.seen && !touched.size) return;
      if (!this.settled) return this.rebuild(false);
      const fresh = [];
      for (const row of touched) if (!this.shown.has(row.key) && this.how.match(row, this.filter)) fresh.push(row);
      touched.clear();
      for (; this.seen < source.length; this.seen++) {
        const row = source[this.seen];
        if (this.how.match(row, this.filter)) fresh.push(row);
      }
      for (const row of fresh) this.add(row);
      this.list.grown();
    }

    add(row) {
      if (this.shown.has(row.key)) return;
      this.shown.add(row.key);
      if (this.order === 'worst') this.held.push(row);
      else this.list.rows.push(row);
    }

    say() {
      const all = this.how.source(this.state).length;
      const here = this.list.rows.length;
      this.waitingButton.hidden = !this.held.length;
      this.waitingButton.textContent = `${QE.count(this.held.length)} new`;
      const text = here === all ? QE.count(all) : `${QE.count(here)} of ${QE.count(all)}`;
      if (this.summary.textContent !== text) this.summary.textContent = text;
      this.empty.hidden = here > 0;
      this.list.element.hidden = !here;
      this.empty.textContent = here ? '' : all ? 'Nothing fits the filter.' : this.how.nothing;
      const controls = `${this.order}|${QE.href({})}|${this.how.controlStamp ? this.how.controlStamp(this.state) : ''}`;
      if (controls !== this.controlsOf) {
        this.controlsOf = controls;
        const had = [...this.controls.querySelectorAll('a')].indexOf(document.activeElement);
        this.controls.replaceChildren(...(this.how.controls ? this.how.controls(this.state) : []), this.sortLink());
        const link = had < 0 ? null : this.controls.querySelectorAll('a')[had];
        if (link) link.focus({ preventScroll: true });
      }
    }

    sortLink() {
      const other = this.order === 'worst' ? 'came' : 'worst';
      const [worst, came] = this.how.sorts;
      return QE.el('a', { class: 'sort', href: QE.href({ sort: other }), title: 'Change the order' },
        this.order === 'worst' ? worst : came);
    }

    /** The row that the address names, beside the list. */
    show() {
      const row = QE.route.sel ? this.byKey(QE.route.sel) : null;
      const stamp = row ? `${row.key}\n${row.v}` : `none${QE.route.sel ? '?' : ''}`;
      this.element.classList.toggle('has-chosen', Boolean(row));
      if (row && this.revealed !== row.key) this.revealChosen(row);
      this.list.draw();
      if (stamp !== this.detailOf) {
        const same = row && this.detailOf && this.detailOf.split('\n')[0] === row.key;
        const tops = same ? SCROLLED.map((part) => (this.detail.querySelector(part) || {}).scrollTop) : [];
        this.detailOf = stamp;
        this.detail.replaceChildren();
        if (row) this.detail.append(this.back());
        if (row) this.how.detail(row, this.detail);
        tops.forEach((top, index) => { if (top) this.detail.querySelector(SCROLLED[index]).scrollTop = top; });
        if (!row) this.detail.append(QE.el('p', { class: 'hint' }, QE.route.sel ? 'What the address names is not here (yet).' : 'Choose a row, or press ', QE.route.sel ? null : QE.el('kbd', { text: 'j' })));
      }
      if (row && this.how.moved) this.how.moved(row);
    }

    revealChosen(row) {
      const index = this.list.rows.indexOf(row);
      if (index < 0) return;
      this.revealed = row.key;
      this.list.reveal(index, this.list.element.scrollTop === 0 && index > 12);
    }

    back() {
      return QE.el('a', { class: 'back', href: QE.href({ sel: '', line: '' }) }, `‹ ${this.how.title}`);
    }

    byKey(key) {
      const index = this.how.index(this.state);
      return index.get(key) || null;
    }

    /** Chooses the next (1) or previous (-1) row. */
    step(by) {
      const rows = this.list.rows;
      if (!rows.length) return;
      const now = rows.findIndex((row) => row.key === QE.route.sel);
      const next = now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, now + by));
      QE.go({ view: this.how.name, sel: rows[next].key, line: '' }, QE.route.view === this.how.name);
    }
  };
})(window.QE);
