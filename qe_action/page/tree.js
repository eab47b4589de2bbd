/* The files as a tree of folders with sums; only what is unfolded becomes rows. */
(function (QE) {
  'use strict';

  /** @typedef {{name: string, path: string, folders: Map<string, any>, files: any[], sums: number[], unknown: number, total: number}} Folder */
  const folder = (name, path) => ({ name, path, folders: new Map(), files: [], sums: [0, 0], gaps: 0, total: 0 });

  QE.Tree = class Tree {
    /** @param {any[]} files of the state that are to be shown */
    constructor(files) {
      this.root = folder('', '');
      for (const file of files) this.add(file);
    }

    add(file) {
      const parts = file.path.split('/');
      const [part, whole] = file.counts ? QE.share(file.counts) : [0, 0];
      let at = this.root;
      let path = '';
      this.sum(at, file, part, whole);
      for (const name of parts.slice(0, -1)) {
        path = path ? `${path}/${name}` : name;
        if (!at.folders.has(name)) at.folders.set(name, folder(name, path));
        at = at.folders.get(name);
        this.sum(at, file, part, whole);
      }
      at.files.push(file);
    }

    sum(at, file, part, whole) {
      at.sums[0] += part;
      at.sums[1] += whole;
      at.gaps += file.gaps.length;
      at.total++;
    }

    /**
     * What is unfolded, top down. A folder that holds one folder alone shares its row.
     * @param {(folder: any, depth: number) => boolean} open
     */
    rows(open) {
      const rows = [];
      const walk = (at, depth) => {
        for (const each of sorted([...at.folders.values()], 'name')) {
          let inner = each;
          let name = each.name;
          while (!inner.files.length && inner.folders.size === 1) {
            inner = inner.folders.values().next().value;
            name += `/${inner.name}`;
          }
          const unfolded = open(inner, depth);
          rows.push({ key: `${inner.path}/`, folder: inner, name, depth, open: unfolded });
          if (unfolded) walk(inner, depth + 1);
        }
        for (const file of sorted(at.files, 'path')) {
          rows.push({ key: file.path, file, name: file.path.slice(file.path.lastIndexOf('/') + 1), depth });
        }
      };
      walk(this.root, 0);
      return rows;
    }
  };

  const sorted = (items, by) => items.sort((one, other) => (one[by] < other[by] ? -1 : 1));
})(window.QE);
