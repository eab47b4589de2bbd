/* Puts the parts together: events go into the state, the view that is open is drawn once a frame. */
(function (QE) {
  'use strict';
  const NAMES = { overview: 'Overview', tests: 'Tests', gaps: 'Gaps', files: 'Files', critical: 'Critical paths', generated: 'Generated', pull: 'On the pull request' };
  const views = { overview: new QE.Overview(), tests: QE.testsView(), gaps: QE.gapsView(), files: new QE.FilesView(),
    critical: QE.criticalView(), generated: QE.generatedView(), pull: new QE.PullView() };
  const counts = {
    tests: () => state.tests.length, gaps: () => state.gaps.length, files: () => state.fileList.length,
    critical: () => state.critical.length, generated: () => state.generated.length,
  };
  const main = QE.byId('main');
  let state = fresh();
  let shown = '';

  function fresh() {
    const made = new QE.State();
    made.notes = [];
    made.over = false;
    QE.state = made;
    return made;
  }

  const pump = new QE.Pump((event) => state.apply(event), draw, () => {
    state.notes.push('A line of the journal is not an event: the journal may be cut off there.');
  });

  const hearer = {
    start(run, title) {
      state = fresh();
      state.title = title;
      QE.sources.forget();
      for (const view of Object.values(views)) view.reset();
      QE.byId('title').textContent = QE.visible(title || 'qe-action');
      QE.byId('title').title = QE.visible(title);
      pump.ask();
    },
    push(events) { pump.push(events); },
    over() { state.over = true; pump.ask(); },
    note(text) { state.notes.push(text); pump.ask(); },
    status(word, kind) {
      const status = QE.byId('status');
      status.textContent = QE.visible(word);
      status.className = `status ${kind}`;
    },
  };

  /** The views there are something in, and those a reader expects. */
  function tabs() {
    return QE.VIEWS.filter((view) => view !== 'pull' || QE.preview.there);
  }

  const links = new Map();
  function drawTabs() {
    for (const view of tabs()) {
      let link = links.get(view);
      if (!link) {
        link = QE.el('a', null, NAMES[view], QE.el('span', { class: 'count' }));
        links.set(view, link);
        QE.byId('tabs').append(link);
      }
      const here = view === QE.route.view;
      const href = QE.href(here ? { sel: '', path: '', line: '' } : { view });
      if (link.getAttribute('href') !== href) link.setAttribute('href', href);
      if (here) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
      const count = counts[view] && counts[view]() ? QE.count(counts[view]()) : '';
      if (link.lastChild.textContent !== count) link.lastChild.textContent = count;
    }
  }

  /** What goes on at the moment, in one line below the tabs. */
  function drawProgress() {
    const strip = QE.byId('progress');
    const busy = [...state.agents.values()].filter(({ progress, complete }) => progress && !complete).pop();
    strip.hidden = !busy || state.over;
    if (strip.hidden) return;
    if (!strip.firstChild) strip.append(QE.bar(0, 100), QE.el('span', { class: 'says' }));
    strip.firstChild.firstChild.style.width = `${busy.progress.percent}%`;
    strip.lastChild.textContent = QE.visible(busy.progress.message);
  }

  function drawTitle() {
    const result = state.complete('coverage-analyzer');
    const bad = (state.tally.get('failed') || 0) + (state.tally.get('error') || 0);
    const title = [bad ? `${bad} failed` : '', result && result.overall_coverage !== null ? QE.percent(result.overall_coverage) : '', state.title || 'qe-action'].filter(Boolean).join(' · ');
    if (document.title !== title) document.title = title;
  }

  function draw() {
    const name = QE.route.view;
    if (shown !== name) {
      shown = name;
      main.replaceChildren(views[name].element);
      if (views[name].held && views[name].held.length) views[name].filterKey = null;
    }
    drawTabs();
    drawProgress();
    drawTitle();
    views[name].update(state);
    document.documentElement.dataset.events = String(state.events);
    document.documentElement.dataset.idle = String(pump.idle);
  }

  QE.byId('skip').addEventListener('click', (event) => { event.preventDefault(); main.focus(); });
  QE.onRoute(draw);
  QE.filterBar();
  QE.keys({
    step: (by) => { if (views[QE.route.view].step) views[QE.route.view].step(by); },
    gap: (by) => {
      if (!views.gaps.list.rows.length || views.gaps.seen !== state.gaps.length) views.gaps.update(state);
      views.gaps.step(by);
    },
    tabs,
  });
  draw();
  QE.listen(hearer);
})(window.QE);
