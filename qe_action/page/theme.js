/* Light, dark, or as the system has it. */
(function (QE) {
  'use strict';
  const THEMES = ['auto', 'light', 'dark'];
  const KEY = 'qe-action-theme';
  let theme = 'auto';
  try { theme = localStorage.getItem(KEY) || 'auto'; } catch { /* a file may keep nothing */ }

  function put(next) {
    theme = THEMES.includes(next) ? next : 'auto';
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    QE.byId('theme').textContent = `Theme: ${theme}`;
    try { localStorage.setItem(KEY, theme); } catch { /* as above */ }
  }

  QE.nextTheme = () => put(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
  put(theme);
  QE.byId('theme').addEventListener('click', QE.nextTheme);
})(window.QE);
