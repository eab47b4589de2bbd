/* Folds what has arrived in batches, one for each frame, and then lets the page be drawn. */
(function (QE) {
  'use strict';
  const BUDGET = 9; // milliseconds of a frame for folding; the rest is for drawing
  const HIDDEN_PAUSE = 250; // a page in the background draws no frames, and stays up to date

  QE.Pump = class Pump {
    /** @param {(event: any) => void} fold @param {() => void} draw @param {() => void} broken */
    constructor(fold, draw, broken) {
      Object.assign(this, { fold, draw, broken });
      this.waiting = [];
      this.at = 0;
      this.due = false;
      document.addEventListener('visibilitychange', () => { if (!document.hidden) this.work(); });
    }

    /** @param {Array<any>} events events, or lines of JSON */
    push(events) {
      for (const each of events) this.waiting.push(each);
      this.ask();
    }

    get idle() {
      return this.at === this.waiting.length;
    }

    ask() {
      if (this.due) return;
      this.due = true;
      if (document.hidden) setTimeout(() => this.work(), HIDDEN_PAUSE);
      else requestAnimationFrame(() => this.work());
    }

    work() {
      this.due = false;
      const end = performance.now() + BUDGET;
      while (this.at < this.waiting.length && (this.at % 16 || performance.now() < end)) {
        this.one(this.waiting[this.at++]);
      }
      if (this.idle) {
        this.waiting = [];
        this.at = 0;
      } else this.ask();
      this.draw();
    }

    one(event) {
      if (typeof event === 'string') {
        try { event = JSON.parse(event); } catch { return this.broken(); }
      }
      this.fold(event);
    }
  };
})(window.QE);
