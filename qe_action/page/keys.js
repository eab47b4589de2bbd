/* The keyboard, and the panel that tells of it. */
(function (QE) {
  'use strict';
  const KEYS = [
    ['j', 'Next row of the list'], ['k', 'Previous row of the list'],
    ['n', 'Next gap, from anywhere'], ['p', 'Previous gap, from anywhere'],
    ['/', 'Search'], ['h', 'Hide what is covered, or show it'], ['d', 'Changed lines alone, or all'],
    ['1, 2 …', 'The view at that place'], ['t', 'Light, dark, or as the system has it'],
    ['Esc', 'Close what is open'], ['?', 'This panel'],
  ];

  /** @param {{step(by: number): void, gap(by: number): void, tabs(): string[]}} page */
  QE.keys = function (page) {
    const help = QE.byId('help');
    QE.byId('keys').replaceChildren(...KEYS.flatMap(([key, does]) => [QE.el('dt', null, QE.el('kbd', { text: key })), QE.el('dd', { text: does })]));
    QE.byId('help-open').addEventListener('click', () => help.showModal());
    const flip = (name) => QE.go({ [name]: QE.route[name] ? '' : '1' }, true);
    const does = {
      j: () => page.step(1), k: () => page.step(-1), n: () => page.gap(1), p: () => page.gap(-1),
      '?': () => help.showModal(), t: QE.nextTheme, h: () => flip('hide'), d: () => flip('diff'),
      '/': () => { if (QE.byId('filter').hidden) QE.go({ view: 'gaps' }); QE.byId('q').focus(); QE.byId('q').select(); },
      Escape: () => (QE.route.line ? QE.go({ line: '' }, true) : QE.go({ sel: '', path: '' }, true)),
    };
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
      if (event.target instanceof HTMLInputElement && event.target.type === 'search') {
        if (event.key === 'Escape') event.target.blur();
        return;
      }
      const view = page.tabs()[Number(event.key) - 1];
      const act = does[event.key] || (view && (() => QE.go({ view })));
      if (!act) return;
      event.preventDefault();
      act();
    });
  };
})(window.QE);
