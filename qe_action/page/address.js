/* What the address says, and links that say it: `#/gaps?q=parse&sev=high&sel=ID`. */
(function (QE) {
  'use strict';

  QE.VIEWS = ['overview', 'tests', 'gaps', 'files', 'critical', 'generated', 'pull'];
  const KEPT = ['q', 'sev', 'diff', 'hide']; // the filter: it survives every navigation
  const OWN = ['out', 'sort', 'sel', 'line'];

  /**
   * @typedef {{view: string, path: string, q: string, sev: string, diff: string, hide: string,
   *   out: string, sort: string, sel: string, line: string}} Route
   */

  /** @param {string} hash @returns {Route} */
  QE.parseRoute = function (hash) {
    const text = hash.replace(/^#\/?/, '');
    const cut = text.indexOf('?');
    const parts = (cut < 0 ? text : text.slice(0, cut)).split('/');
    const given = new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1));
    const route = { view: QE.VIEWS.includes(parts[0]) ? parts[0] : 'overview', path: '' };
    if (route.view === 'files') route.path = parts.slice(1).map(decoded).join('/');
    for (const name of KEPT.concat(OWN)) route[name] = given.get(name) || '';
    if (!/^\d+(-\d+)?$/.test(route.line)) route.line = '';
    return route;
  };

  function decoded(part) {
    try { return decodeURIComponent(part); } catch { return part; }
  }

  /** The address of `change`: in the present view all else stays, in another one the filter does. */
  QE.href = function (change) {
    const now = QE.route;
    const route = {};
    const stays = !change.view || change.view === now.view;
    for (const name of stays ? ['view', 'path'].concat(KEPT, OWN) : KEPT) route[name] = now[name];
    return written(Object.assign(route, change));
  };

  function written(route) {
    const params = new URLSearchParams();
    for (const name of KEPT.concat(OWN)) if (route[name]) params.set(name, route[name]);
    const path = route.view === 'files' && route.path
      ? '/' + route.path.split('/').map(encodeURIComponent).join('/') : '';
    const query = params.toString();
    return `#/${route.view || 'overview'}${path}${query ? '?' + query : ''}`;
  }

  /** @type {Route} */
  QE.route = QE.parseRoute(location.hash);
  const heard = [];
  QE.onRoute = (does) => heard.push(does);

  function follow() {
    QE.route = QE.parseRoute(location.hash);
    for (const does of heard) does(QE.route);
  }

  /** Go there; with `replace` without a new entry in the browser's history. */
  QE.go = function (change, replace) {
    const href = QE.href(change);
    if (href === location.hash) return;
    if (replace) {
      history.replaceState(null, '', href);
      follow();
    } else location.hash = href;
  };

  window.addEventListener('hashchange', follow);
})(window.QE);
