/* The text of a file: from this document, or from the server. */
(function (QE) {
  'use strict';
  const known = new Map();
  let inside = null;

  QE.sources = {
    /** @param {Object<string, any>} texts by path */
    give(texts) { inside = new Map(Object.entries(texts)); },

    forget() { known.clear(); },

    /** @param {string} path @returns {Promise<string|null>} null where it is not to be had */
    text(path) {
      if (!known.has(path)) known.set(path, fetched(path));
      return known.get(path);
    },
  };

  async function fetched(path) {
    if (inside) {
      const text = inside.get(path);
      return typeof text === 'string' ? text : null;
    }
    if (QE.byId('qe-data')) return null;
    try {
      const answer = await fetch(`source?path=${encodeURIComponent(path)}`);
      if (answer.ok) return await answer.text();
      if (answer.status !== 404) known.delete(path);
    } catch { known.delete(path); }
    return null;
  }
})(window.QE);
