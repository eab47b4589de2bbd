/* How figures and texts are written. */
(function (QE) {
  'use strict';

  // Control characters and those that change the direction of text: shown, never obeyed.
  const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

  /** @param {any} text */
  QE.visible = (text) => String(text).replace(HIDDEN,
    (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);

  /** @param {number} n */
  QE.count = (n) => n.toLocaleString('en-US');

  /** @param {number} n @param {string} one @param {string} [many] */
  QE.plural = (n, one, many) => `${QE.count(n)} ${n === 1 ? one : many || one + 's'}`;

  /**
   * A share in percent, rounded down: only all is 100%, only none is 0%.
   * @param {number|null|undefined} percent 0 to 100, null where unknown
   */
  QE.percent = function (percent) {
    if (percent === null || percent === undefined) return 'unknown';
    const shown = Math.floor(percent * 10 + 1e-9) / 10;
    if (shown === 0 && percent > 0) return '<0.1%';
    return `${shown === 100 && percent < 100 ? 99.9 : shown}%`;
  };

  /** Lines and branches of `counts` together: its [part, whole]. */
  QE.share = (counts) => [counts.covered + counts.covered_branches, counts.statements + counts.branches];

  QE.percentOf = function (counts) {
    if (!counts) return 'unknown';
    const [part, whole] = QE.share(counts);
    return whole ? QE.percent(100 * part / whole) : 'empty';
  };

  /** Percentage points gained or lost. */
  QE.signed = function (points) {
    if (points === null || points === undefined) return '';
    if (!points) return '±0';
    const size = Math.abs(points);
    const shown = points > 0 ? Math.floor(size * 10) / 10 : Math.ceil(size * 10 - 1e-9) / 10;
    return `${points > 0 ? '+' : '\u2212'}${size < 0.1 ? '<0.1' : shown}`;
  };

  /** @param {number|null|undefined} seconds */
  QE.seconds = function (seconds) {
    if (seconds === null || seconds === undefined) return '';
    if (seconds < 0.001) return '<1 ms';
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
    return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  };

  /** `12` or `12-15`. */
  QE.lines = (start, end) => (end && end !== start ? `${start}-${end}` : `${start}`);

  QE.LEVELS = ['critical', 'high', 'medium', 'low'];
  QE.rank = (level) => QE.LEVELS.indexOf(level);
})(window.QE);
