/* Makes elements. Text from a run is only ever set as text: nothing here parses HTML. */
window.QE = window.QE || {};
(function (QE) {
  'use strict';

  /**
   * @param {string} tag
   * @param {Object<string, any>|null} [props] attributes; `class`, `text`, and `on` (listeners)
   * @param {...(Node|string|null|undefined|false)} children
   * @returns {HTMLElement}
   */
  QE.el = function (tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === 'class') node.className = value;
      else if (name === 'text') node.textContent = QE.visible(value);
      else if (name === 'on') for (const [what, does] of Object.entries(value)) node.addEventListener(what, does);
      else node.setAttribute(name, value === true ? '' : String(value));
    }
    for (const child of children.flat(9)) {
      if (child === null || child === undefined || child === false) continue;
      node.append(child instanceof Node ? child : QE.visible(child));
    }
    return node;
  };

  /** @param {string} id @returns {any} */
  QE.byId = (id) => document.getElementById(id);

  /** A bar of `part` in `whole`; without a figure an empty one. */
  QE.bar = function (part, whole, label) {
    const fill = QE.el('span', { class: 'fill' });
    const share = whole ? part / whole : 0;
    fill.style.width = `${share * 100}%`;
    const level = !whole ? 'none' : share >= 0.9 ? 'good' : share >= 0.7 ? 'fair' : 'poor';
    return QE.el('span', { class: `bar ${level}`, role: label ? 'img' : null, 'aria-label': label,
      'aria-hidden': label ? null : 'true' }, fill);
  };

  /** A path whose folders give way before its name does. */
  QE.path = function (path, lines) {
    const cut = path.lastIndexOf('/') + 1;
    return QE.el('span', { class: 'path', title: QE.visible(path) },
      QE.el('span', { class: 'folder' }, QE.el('bdi', { text: path.slice(0, cut) })),
      QE.el('bdi', { class: 'base', text: path.slice(cut) }),
      lines ? QE.el('span', { class: 'at', text: `:${lines}` }) : null);
  };

  /** A word in a coloured frame. */
  QE.badge = (word, kind) => QE.el('span', { class: `badge ${kind || ''}`, text: word });

  /** A titled part of a detail; nothing where it would be empty. */
  QE.part = function (title, ...children) {
    const inside = children.flat(9).filter(Boolean);
    return inside.length ? QE.el('section', { class: 'part' }, QE.el('h3', { text: title }), inside) : null;
  };

  /** A sentence with its words in backticks as code. */
  QE.spoken = (text) => String(text).split(/`([^`]+)`/).map((part, index) => (index % 2 ? QE.el('code', { text: part }) : part));

  /** A list of texts, some of them shown. */
  QE.texts = function (items, most = 200) {
    if (!items.length) return null;
    const left = items.length - most;
    return QE.el('ul', { class: 'plain' }, items.slice(0, most).map((each) => QE.el('li', null, QE.spoken(each))),
      left > 0 ? QE.el('li', { class: 'soft', text: `and ${QE.count(left)} more` }) : null);
  };

  /** Text as it was printed. */
  QE.pre = (text, label) => QE.el('pre', { tabindex: '0', 'aria-label': label, role: 'region' }, QE.el('code', { text }));
})(window.QE);
