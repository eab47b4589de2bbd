/* Lines as the events tell them: `1-4 8 11-12`. */
(function (QE) {
  'use strict';
  const MOST = 1000000; // lines of one text that are looked at

  /** @param {string} text @returns {Array<[number, number]>} */
  QE.ranges = function (text) {
    const found = [];
    let left = MOST;
    for (const each of (text || '').split(' ')) {
      const [start, end] = each.split('-').map(Number);
      if (!(start >= 1)) continue;
      const last = Math.min(end || start, start + left - 1);
      left -= Math.max(last - start + 1, 1);
      found.push([start, last]);
      if (left <= 0) break;
    }
    return found;
  };

  /** @param {Array<[number, number]>} ranges @param {number} line */
  QE.within = (ranges, line) => ranges.some(([start, end]) => start <= line && line <= end);

  /** Calls `does` with each line. */
  QE.eachLine = function (ranges, does) {
    for (const [start, end] of ranges) for (let line = start; line <= end; line++) does(line);
  };
})(window.QE);
