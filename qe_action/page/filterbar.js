/* The filter above the lists: what is set there stands in the address, and the other way round. */
(function (QE) {
  'use strict';
  const SAYS_HIDE = { tests: 'Hide what passed', generated: 'Hide what was refused' };
  const BY_LEVEL = ['gaps', 'files', 'critical'];
  const BY_DIFF = ['gaps', 'files'];
  const TYPING = 120; // milliseconds without a key before the search is made

  QE.filterBar = function () {
    const [q, diff, hide, clear, form] = ['q', 'diff', 'hide', 'clear', 'filter'].map(QE.byId);
    const levels = QE.LEVELS.map((level) => {
      const box = QE.el('input', { type: 'checkbox', id: `sev-${level}`, value: level });
      QE.byId('severities').append(QE.el('label', { class: `chip ${level}` }, box, QE.el('span', null, level)));
      box.addEventListener('change', () => QE.go({ sev: levels.filter((each) => each.checked).map((each) => each.value).join(',') }, true));
      return box;
    });
    let typing = 0;
    const search = () => { clearTimeout(typing); typing = 0; QE.go({ q: q.value.trim() }, true); };
    q.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(search, TYPING); });
    form.addEventListener('submit', (event) => { event.preventDefault(); search(); });
    diff.addEventListener('change', () => QE.go({ diff: diff.checked ? '1' : '' }, true));
    hide.addEventListener('change', () => QE.go({ hide: hide.checked ? '1' : '' }, true));
    clear.addEventListener('click', () => { QE.go({ q: '', sev: '', diff: '', hide: '' }, true); q.focus(); });

    QE.onRoute(show);
    show(QE.route);

    function show(route) {
      if (!typing && q.value.trim() !== route.q) q.value = route.q;
      const chosen = route.sev.split(',');
      for (const box of levels) box.checked = chosen.includes(box.value);
      diff.checked = Boolean(route.diff);
      hide.checked = Boolean(route.hide);
      clear.hidden = !(route.q || route.sev || route.diff || route.hide);
      QE.byId('severities').hidden = !BY_LEVEL.includes(route.view);
      QE.byId('diff-chip').hidden = !BY_DIFF.includes(route.view);
      QE.byId('hide-word').textContent = SAYS_HIDE[route.view] || 'Hide what is covered';
      form.hidden = route.view === 'overview' || route.view === 'pull';
    }
  };
})(window.QE);
