/* A list of which only the rows in sight (and a few around them) are in the document. */
(function (QE) {
  'use strict';
  const AROUND = 8;

  QE.VirtualList = class VirtualList {
    /**
     * @param {{label: string, height: number, key(row: any): string, stamp(row: any): string,
     *   fill(node: HTMLElement, row: any, index: number): void, className?: string}} how
     *   `stamp` changes when a row has to be filled anew
     */
    constructor(how) {
      this.how = how;
      this.rows = [];
      this.nodes = new Map();
      this.space = QE.el('div', { class: 'space', role: 'list' });
      this.element = QE.el('div', { class: `virtual ${how.className || ''}`, tabindex: '0', role: 'region', 'aria-label': how.label }, this.space);
      this.element.addEventListener('scroll', () => this.draw(), { passive: true });
      new ResizeObserver(() => this.draw()).observe(this.element);
    }

    /** Shows other rows; the row at the top of the window stays where it is, if it is still there. */
    set(rows, keep = true) {
      const { height, key } = this.how;
      const top = this.element.scrollTop;
      const first = Math.floor(top / height);
      const anchor = keep && top > 0 && this.rows[first] ? key(this.rows[first]) : null;
      this.rows = rows;
      this.resize();
      if (anchor !== null && !(rows[first] && key(rows[first]) === anchor)) {
        const now = rows.findIndex((row) => key(row) === anchor);
        if (now >= 0) this.element.scrollTop = top + (now - first) * height;
      } else if (!keep) this.element.scrollTop = 0;
      this.draw();
    }

    /** Takes note of rows that were added at the end of `rows`. */
    grown() {
      this.resize();
      this.draw();
    }

    resize() {
      const height = this.rows.length * this.how.height;
      if (height !== this.tall) this.space.style.height = `${height}px`;
      this.tall = height;
    }

    /** First and last index in sight. */
    sight() {
      const { scrollTop, clientHeight } = this.element;
      return [Math.floor(scrollTop / this.how.height), Math.ceil((scrollTop + clientHeight) / this.how.height) - 1];
    }

    reveal(index, centre = false) {
      const { height } = this.how;
      const { scrollTop, clientHeight } = this.element;
      const top = index * height;
      if (top >= scrollTop && top + height <= scrollTop + clientHeight && !centre) return;
      const middle = top - (clientHeight - height) / 2;
      this.element.scrollTop = centre ? middle : top < scrollTop ? top : top + height - clientHeight;
      this.draw();
    }

    draw() {
      if (!this.element.clientHeight) return;
      const [first, last] = this.sight();
      const from = Math.max(0, first - AROUND);
      const to = Math.min(this.rows.length - 1, last + AROUND);
      const kept = new Map();
      for (let index = from; index <= to; index++) this.place(index, kept);
      for (const [key, node] of this.nodes) if (kept.get(key) !== node) node.remove();
      this.nodes = kept;
    }

    place(index, kept) {
      const row = this.rows[index];
      const key = this.how.key(row);
      let node = this.nodes.get(key);
      if (!node) {
        node = QE.el('div', { class: 'row', role: 'listitem' });
        this.space.append(node);
      }
      kept.set(key, node);
      const stamp = this.how.stamp(row);
      if (node.qeStamp !== stamp) {
        node.qeStamp = stamp;
        this.how.fill(node, row, index);
      }
      if (node.qeIndex !== index) {
        node.qeIndex = index;
        node.style.top = `${index * this.how.height}px`;
        node.setAttribute('aria-posinset', index + 1);
      }
      if (node.qeSize !== this.rows.length) {
        node.qeSize = this.rows.length;
        node.setAttribute('aria-setsize', this.rows.length);
      }
    }
  };
})(window.QE);
