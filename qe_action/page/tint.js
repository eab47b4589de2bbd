/* Colours Python a little: comments, strings, keywords, numbers. Other files stay plain. */
(function (QE) {
  'use strict';
  const WORDS = 'False None True and as assert async await break case class continue def del elif else except ' +
    'finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield';
  const TOKEN = new RegExp('(#.*)|((?:[rbfuRBFU]{0,2})(?:"""|\'\'\'))|' +
    '([rbfuRBFU]{0,2}(?:"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'))|' +
    `\\b(${WORDS.replace(/ /g, '|')})\\b|\\b(\\d[\\w.]*)`, 'g');
  const KINDS = ['', 'comment', '', 'string', 'word', 'number'];
  const LONGEST = 2000; // characters of a line that are shown

  QE.Tint = class Tint {
    /** @param {string[]} lines @param {boolean} python */
    constructor(lines, python) {
      this.lines = lines;
      this.python = python;
      this.open = ['']; // the quotes that each line begins in
    }

    /** @param {number} index @returns {Node[]} */
    nodes(index) {
      const line = this.lines[index] || '';
      const text = line.slice(0, LONGEST);
      const rest = line.length > LONGEST ? [QE.el('span', { class: 'soft', text: ' … cut' })] : [];
      if (!this.python) return [document.createTextNode(QE.visible(text)), ...rest];
      while (this.open.length <= index) {
        this.open.push(this.cut(this.lines[this.open.length - 1].slice(0, LONGEST), this.open[this.open.length - 1])[1]);
      }
      return this.cut(text, this.open[index])[0].map(([kind, part]) =>
        (kind ? QE.el('span', { class: `t-${kind}`, text: part }) : document.createTextNode(QE.visible(part)))).concat(rest);
    }

    /** @returns {[Array<[string, string]>, string]} parts with their kinds, and the quotes left open */
    cut(text, quotes) {
      const parts = [];
      let at = 0;
      while (at <= text.length) {
        if (quotes) {
          const end = text.indexOf(quotes, at);
          if (end < 0) {
            parts.push(['string', text.slice(at)]);
            return [parts, quotes];
          }
          parts.push(['string', text.slice(at, end + 3)]);
          at = end + 3;
          quotes = '';
        }
        TOKEN.lastIndex = at;
        const found = TOKEN.exec(text);
        if (!found) break;
        if (found.index > at) parts.push(['', text.slice(at, found.index)]);
        at = found.index + found[0].length;
        if (found[2]) {
          parts.push(['string', found[0]]);
          quotes = found[0].slice(-3);
        } else parts.push([KINDS[found.findIndex((group, n) => n && group !== undefined)], found[0]]);
      }
      if (at < text.length) parts.push(['', text.slice(at)]);
      return [parts, quotes];
    }
  };
})(window.QE);
