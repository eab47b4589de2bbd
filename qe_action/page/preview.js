/* What the pull request would show: a document of its own, in a frame that may do nothing. */
(function (QE) {
  'use strict';
  let fragment = '';

  QE.preview = {
    // Tables say their alignment in `style`, which the page's policy forbids and the frame inherits.
    give(text) { fragment = text.replace(/ style="text-align:(left|right|center)"/g, ' align="$1"'); },
    get there() { return Boolean(fragment); },
  };

  QE.PullView = class PullView {
    constructor() {
      this.element = QE.el('div', { class: 'pull' }, QE.el('p', { class: 'empty' }, 'This report holds no preview.'));
    }

    reset() {}

    update() {
      if (!fragment || this.frame) return;
      this.frame = QE.el('iframe', { sandbox: '', title: 'On the pull request', srcdoc: fragment });
      this.element.replaceChildren(this.frame);
    }
  };
})(window.QE);
