/* The tree of files with bars, and the source of the one that is chosen. */
(function (QE) {
  'use strict';
  const SETTLING = 600; // milliseconds after its first row in which the tree may still grow between rows
  const PAUSE = 250; // milliseconds between two looks at what changed
  const FEW = 60; // files up to which the tree begins unfolded

  QE.FilesView = class FilesView {
    constructor() {
      this.how = { name: 'files', title: 'Files' };
      this.list = new QE.VirtualList({
        label: 'Files', height: 28, className: 'tree', key: (row) => row.key,
        stamp: (row) => this.stamp(row), fill: (node, row) => this.fill(node, row),
      });
      this.summary = QE.el('p', { class: 'summary' });
      const button = (says, unfolded) => QE.el('button', { type: 'button', class: 'quiet small', on: { click: () => this.foldAll(unfolded) } }, says);
      this.fold = QE.el('div', { class: 'folds' }, button('Fold all', false), button('Unfold all', true));
      this.waitingButton = QE.el('button', { type: 'button', class: 'waiting', hidden: true, on: { click: () => this.rebuild() } });
      this.empty = QE.el('p', { class: 'empty' });
      this.source = new QE.SourceView();
      this.head = QE.el('div', { class: 'facts' });
      this.back = QE.el('a', { class: 'back' }, '‹ Files');
      this.hint = QE.el('p', { class: 'hint', text: 'Choose a file.' });
      this.detail = QE.el('section', { class: 'detail', 'aria-label': 'Source' }, this.hint);
      this.element = QE.el('div', { class: 'split view-files' },
        QE.el('section', { class: 'master', 'aria-label': 'Files' },
          QE.el('div', { class: 'list-head' }, this.fold, this.summary), this.waitingButton, this.empty, this.list.element), this.detail);
      this.reset();
    }

    reset() {
      this.turned = new Map(); // folders that the reader has opened (true) or closed (false)
      this.seen = -1;
      this.shownFiles = 0;
      this.firstAt = 0;
      this.filterKey = null;
      this.headOf = null;
      this.unfolded = null;
      this.list.set([], false);
    }

    update(state) {
      this.state = state;
      const filterKey = ['q', 'sev', 'diff', 'hide'].map((name) => QE.route[name]).join('\n');
      if (filterKey !== this.filterKey) {
        this.filterKey = filterKey;
        this.filter = new QE.Filter(QE.route);
        if (this.filter.on) this.unfolded = null;
        this.rebuild();
      } else if (state.version.files !== this.seen) this.changed();
      this.show();
    }

    isOpen(folder, depth) {
      const turned = this.turned.get(folder.path);
      if (turned !== undefined) return turned;
      if (this.unfolded !== null) return this.unfolded;
      return this.filter.on || this.shownFiles <= FEW || (depth < 1 && folder.folders.size + folder.files.length < 40);
    }

    build() {
      const files = this.state.fileList.filter((file) => this.filter.file(file));
      const tree = new QE.Tree(files);
      this.total = files.length;
      if (!this.settled) this.shownFiles = files.length;
      return tree.rows((folder, depth) => this.isOpen(folder, depth));
    }

    get settled() {
      return this.firstAt > 0 && performance.now() - this.firstAt > SETTLING;
    }

    rebuild() {
      this.seen = this.state.version.files;
      this.lookedAt = performance.now();
      this.put(this.build());
    }

    put(rows) {
      if (rows.length && !this.firstAt) this.firstAt = performance.now();
      this.held = 0;
      this.list.set(rows);
      this.say();
    }

    /** Bars change where they stand; rows that would come between those in sight wait. */
    changed() {
      if (this.settled && performance.now() - this.lookedAt < PAUSE) {
        if (!this.later) this.later = setTimeout(() => { this.later = 0; if (QE.route.view === 'files') this.update(this.state); }, PAUSE);
        return;
      }
      this.seen = this.state.version.files;
      this.lookedAt = performance.now();
      const rows = this.build();
      if (!this.settled || this.still(rows)) return this.put(rows);
      const fresh = new Map(rows.map((row) => [row.key, row]));
      this.held = rows.length - this.list.rows.length;
      this.list.rows = this.list.rows.map((row) => fresh.get(row.key) || row);
      this.list.draw();
      this.say();
    }

    /** Whether the rows in sight would stay where they are. */
    still(rows) {
      const [first, last] = this.list.sight();
      const now = this.list.rows;
      const from = first > 0 && now[first] ? rows.findIndex((row) => row.key === now[first].key) : 0;
      if (from < 0) return false;
      for (let index = Math.max(first, 0); index <= last && index < now.length; index++) {
        if (!rows[from + index - Math.max(first, 0)] || rows[from + index - Math.max(first, 0)].key !== now[index].key) return false;
      }
      return true;
    }

    say() {
      const all = this.state.fileList.length;
      this.summary.textContent = this.total === all ? QE.plural(all, 'file') : `${QE.count(this.total)} of ${QE.plural(all, 'file')}`;
      this.waitingButton.hidden = !this.held;
      this.waitingButton.textContent = this.held > 0 ? `${QE.count(this.held)} new` : 'Changed';
      this.empty.hidden = this.list.rows.length > 0;
      this.list.element.hidden = !this.list.rows.length;
      this.empty.textContent = all ? 'Nothing fits the filter.' : 'The run has named no file.';
      this.fold.hidden = !this.list.rows.some((row) => row.folder);
    }

    foldAll(unfolded) {
      this.unfolded = unfolded;
      this.turned.clear();
      this.rebuild();
    }

    toggle(row) {
      this.turned.set(row.folder.path, !row.open);
      this.rebuild();
    }

    stamp(row) {
      const at = row.folder ? `${row.folder.sums}|${row.folder.gaps}|${row.open}` : `${row.file.v}|${row.key === QE.route.path}`;
      return `${row.depth}|${at}|${QE.href({ path: '', line: '', sel: '' })}`;
    }

    fill(node, row) {
      const sums = row.folder ? row.folder.sums : row.file.counts ? QE.share(row.file.counts) : [0, 0];
      const gaps = row.folder ? row.folder.gaps : row.file.gaps.length;
      const said = sums[1] ? QE.percent(100 * sums[0] / sums[1]) : row.file && row.file.counts ? 'empty' : '–';
      const inside = [
        QE.el('span', { class: row.folder ? `twist ${row.open ? 'open' : ''}` : 'leaf', 'aria-hidden': 'true' }),
        QE.el('bdi', { class: 'name', text: row.name, title: QE.visible(row.folder ? row.folder.path : row.file.path) }),
        row.file && row.file.inDiff ? QE.badge('diff', 'diff') : null,
        QE.el('span', { class: 'count', text: gaps ? QE.count(gaps) : '', title: gaps ? QE.plural(gaps, 'gap') : null }),
        QE.bar(sums[0], sums[1]), QE.el('span', { class: 'figure', text: said })];
      const had = node.contains(document.activeElement);
      const cell = row.folder
        ? QE.el('button', { type: 'button', class: 'cell', 'aria-expanded': String(row.open), on: { click: () => this.toggle(row) } }, inside)
        : QE.el('a', { class: 'cell', href: QE.href({ path: row.file.path, line: '', sel: '' }), 'aria-current': row.key === QE.route.path ? 'true' : null }, inside);
      cell.style.paddingLeft = `${10 + row.depth * 14}px`;
      node.classList.toggle('chosen', row.key === QE.route.path);
      node.replaceChildren(cell);
      if (had) cell.focus({ preventScroll: true });
    }

    show() {
      const path = QE.route.path;
      this.element.classList.toggle('has-chosen', Boolean(path));
      this.list.draw();
      if (path && this.revealed !== path) this.reveal(path);
      if (!path) {
        this.detail.replaceChildren(this.hint);
        this.headOf = null;
        return;
      }
      const file = this.state.files.get(path) || { path, told: null, counts: null, summary: null, gaps: [], v: 0 };
      const stamp = `${path}\n${file.v}\n${QE.href({})}`;
      if (stamp !== this.headOf) {
        this.headOf = stamp;
        this.head.replaceChildren(...headOf(file));
        this.back.setAttribute('href', QE.href({ path: '', line: '' }));
        // Taken out and put in again an element would lose where it was scrolled to.
        if (!this.source.element.parentNode) this.detail.replaceChildren(this.back, this.head, this.source.element);
      }
      this.source.show(file, { hide: QE.route.hide, at: 0 });
    }

    /** Unfolds what the file lies in, once. */
    reveal(path) {
      if (!this.state.files.has(path)) return;
      this.revealed = path;
      for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) this.turned.set(path.slice(0, cut), true);
      this.rebuild();
      const index = this.list.rows.findIndex((row) => row.key === path);
      if (index >= 0) this.list.reveal(index, this.list.element.scrollTop === 0 && index > 18);
    }

    step(by) {
      const files = this.list.rows.filter((row) => row.file);
      if (!files.length) return;
      const now = files.findIndex((row) => row.key === QE.route.path);
      const next = now < 0 ? (by > 0 ? 0 : files.length - 1) : Math.min(files.length - 1, Math.max(0, now + by));
      QE.go({ view: 'files', path: files[next].key, line: '', sel: '' }, true);
    }
  };

  function headOf(file) {
    const counts = file.counts;
    const delta = file.summary && file.summary.delta;
    const patch = file.summary && file.summary.patch;
    return [QE.el('h2', null, QE.path(file.path)),
      QE.el('p', { class: 'tags' },
        counts ? [QE.bar(...QE.share(counts)), QE.el('strong', { text: QE.percentOf(counts) }),
          QE.el('span', { class: 'soft', text: `${QE.count(counts.covered)} of ${QE.plural(counts.statements, 'statement')}${counts.branches ? `, ${QE.count(counts.covered_branches)} of ${QE.plural(counts.branches, 'branch', 'branches')}` : ''}` })] : QE.el('span', { class: 'soft' }, 'Coverage unknown'),
        delta !== null && delta !== undefined ? QE.badge(`${QE.signed(delta)} points`, delta < 0 ? 'poor' : delta > 0 ? 'good' : '') : null,
        patch ? QE.badge(`changed lines ${QE.percentOf(patch)}`, 'diff') : file.inDiff ? QE.badge('in the diff', 'diff') : null,
        file.gaps.length ? QE.el('span', { text: QE.plural(file.gaps.length, 'gap') }) : null)];
  }
})(window.QE);
