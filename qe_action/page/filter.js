/* Which rows the filter lets through. */
(function (QE) {
  'use strict';

  /** A glob as a pattern: it fits from any folder on, or from the top with a leading slash. */
  function pattern(glob) {
    const body = glob.replace(/^\//, '').replace(/\*\*\/|\*+|\?|[^*?]+/g, (part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part[0] === '*') return part.length > 1 ? '.*' : '[^/]*';
      return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    });
    return new RegExp(`^${glob[0] === '/' ? '' : '(?:.*/)?'}${body}$`, 'i');
  }

  QE.Filter = class Filter {
    /** @param {QE.Route} route */
    constructor(route) {
      const words = route.q.toLowerCase().split(/\s+/).filter(Boolean);
      this.globs = words.filter((word) => word.includes('*')).map(pattern);
      this.words = words.filter((word) => !word.includes('*'));
      const levels = route.sev.split(',').filter((each) => QE.LEVELS.includes(each));
      this.levels = levels.length ? new Set(levels) : null;
      this.diff = Boolean(route.diff);
      this.hide = Boolean(route.hide);
      this.out = route.out;
      this.on = Boolean(words.length || this.levels || this.diff || this.hide);
    }

    /** Whether `path` fits the globs, and all words stand in one of the texts. */
    says(path, ...texts) {
      if (!this.globs.every((glob) => glob.test(path))) return false;
      if (!this.words.length) return true;
      const all = (path + '\n' + texts.filter(Boolean).join('\n')).toLowerCase();
      return this.words.every((word) => all.includes(word));
    }

    level(level) {
      return !this.levels || this.levels.has(level);
    }

    gap({ gap }) {
      return this.level(gap.severity) && (!this.diff || gap.in_diff) &&
        this.says(gap.file_path, gap.function, gap.critical_path);
    }

    file(file) {
      if (this.diff && !file.inDiff) return false;
      if (this.levels && !file.gaps.some(({ gap }) => this.levels.has(gap.severity))) return false;
      if (this.hide && !file.gaps.length && file.counts) {
        const [part, whole] = QE.share(file.counts);
        if (part === whole) return false;
      }
      return this.says(file.path);
    }
  };
})(window.QE);
