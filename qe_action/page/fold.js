/* Folds events into what the views show. Lists only grow at their end; `version` tells what changed. */
(function (QE) {
  'use strict';

  /**
   * @typedef {{key: string, v: number, [name: string]: any}} Row
   * @typedef {{path: string, told: any, counts: any, summary: any, inDiff: boolean, gaps: Row[], v: number}} File
   */
  const OUTCOMES = ['failed', 'error', 'flaky', 'xpassed', 'slow', 'skipped', 'xfailed', 'passed'];
  QE.OUTCOMES = OUTCOMES;
  QE.worseOutcome = (one, other) => OUTCOMES.indexOf(one) - OUTCOMES.indexOf(other);

  QE.State = class State {
    constructor() {
      this.title = '';
      this.agents = new Map();
      this.tests = [];
      this.testById = new Map();
      this.tally = new Map();
      this.gaps = [];
      this.gapById = new Map();
      this.files = new Map();
      this.fileList = [];
      this.critical = [];
      this.criticalByPath = new Map();
      this.generated = [];
      this.generatedById = new Map();
      this.severities = new Map();
      this.events = 0;
      this.unknown = 0;
      this.version = { agents: 0, tests: 0, gaps: 0, files: 0, critical: 0, generated: 0 };
      /** Rows that changed after they were added, by list; a view takes and empties its set. */
      this.touched = { tests: new Set(), generated: new Set() };
    }

    agent(name) {
      if (!this.agents.has(name)) this.agents.set(name, { name, progress: null, complete: null, errors: [] });
      return this.agents.get(name);
    }

    complete(name) {
      const agent = this.agents.get(name);
      return agent ? agent.complete : null;
    }

    /** @param {any} event a wire event; one of a kind that is not known is counted and left */
    apply(event) {
      this.events++;
      const does = event && typeof event.agent === 'string' && HOW[event.type];
      if (does) does(this, event);
      else this.unknown++;
    }

    /** @returns {File} */
    file(path) {
      let file = this.files.get(path);
      if (!file) {
        file = { key: path, path, told: null, counts: null, summary: null, inDiff: false, gaps: [], v: 0 };
        this.files.set(path, file);
        this.fileList.push(file);
      }
      file.v++;
      this.version.files++;
      return file;
    }

    test(event) {
      let test = this.testById.get(event.id);
      if (!test) {
        test = { key: event.id, v: 0, id: event.id, outcome: '', runs: [], flaky: null, slow: null,
          file_path: event.file_path, line: event.line, seconds: null };
        this.testById.set(event.id, test);
        this.tests.push(test);
      }
      test.v++;
      this.version.tests++;
      this.touched.tests.add(test);
      return test;
    }

    /** Gives a test its outcome, and keeps count. */
    judge(test, outcome) {
      if (test.outcome) this.tally.set(test.outcome, this.tally.get(test.outcome) - 1);
      test.outcome = outcome;
      this.tally.set(outcome, (this.tally.get(outcome) || 0) + 1);
    }

    made(key, make) {
      let row = this.generatedById.get(key);
      if (!row) {
        row = Object.assign({ key, v: 0 }, make());
        this.generatedById.set(key, row);
        this.generated.push(row);
      }
      row.v++;
      this.version.generated++;
      this.touched.generated.add(row);
      return row;
    }
  };

  const HOW = {
    progress(state, event) {
      state.agent(event.agent).progress = event;
      state.version.agents++;
    },
    error(state, event) {
      state.agent(event.agent).errors.push(event);
      state.version.agents++;
    },
    complete(state, event) {
      state.agent(event.agent).complete = event;
      state.version.agents++;
      for (const summary of event.files || []) {
        const file = state.file(summary.path);
        file.summary = summary;
        file.counts = file.counts || (summary.measured ? summary.counts : null);
        file.inDiff = file.inDiff || Boolean(summary.patch);
      }
      for (const bug of event.suspicions || []) suspect(state, bug);
    },
    collected(state, event) {
      state.agent(event.agent).collected = event;
      state.version.agents++;
    },
    finished(state, event) {
      const test = state.test(event);
      test.runs.push(event);
      test.seconds = event.seconds === null || event.seconds === undefined ? test.seconds : event.seconds;
      if (!test.outcome || QE.worseOutcome(event.outcome, test.outcome) < 0) state.judge(test, event.outcome);
    },
    flaky(state, event) {
      const test = state.test(event);
      test.flaky = event;
      state.judge(test, 'flaky');
    },
    slow(state, event) {
      const test = state.test(event);
      test.slow = event;
      test.seconds = event.seconds;
      if (!test.outcome || test.outcome === 'passed') state.judge(test, 'slow');
    },
    gap(state, event) {
      const gap = event.gap;
      if (state.gapById.has(gap.id)) return;
      const row = { key: gap.id, v: 0, gap, n: state.gaps.length };
      state.gapById.set(gap.id, row);
      state.gaps.push(row);
      state.severities.set(gap.severity, (state.severities.get(gap.severity) || 0) + 1);
      state.version.gaps++;
      const file = state.file(gap.file_path);
      file.gaps.push(row);
      file.inDiff = file.inDiff || gap.in_diff;
      const path = gap.critical_path && state.criticalByPath.get(gap.critical_path);
      if (path) path.v++;
    },
    file(state, event) {
      const file = state.file(event.path);
      file.told = event;
      file.counts = event.counts;
      file.inDiff = file.inDiff || event.in_diff;
    },
    critical_path(state, event) {
      if (state.criticalByPath.has(event.path)) return;
      const row = { key: event.path, v: 0, path: event };
      state.criticalByPath.set(event.path, row);
      state.critical.push(row);
      state.version.critical++;
    },
    test(state, event) {
      const row = state.made(`t:${event.test_case.id}`, () => ({ kind: 'test' }));
      Object.assign(row, { test: event.test_case, target: event.target, verdict: event.verdict });
    },
    rejected(state, event) {
      const row = state.made(`t:${event.test_case.id}`, () => ({ kind: 'refused' }));
      Object.assign(row, { kind: 'refused', test: event.test_case, target: row.target || event.test_case.target,
        reason: event.reason, detail: event.detail });
    },
    suspicion(state, event) {
      suspect(state, event.bug);
    },
  };
  Object.setPrototypeOf(HOW, null);

  function suspect(state, bug) {
    state.made(`s:${bug.file_path}:${bug.line}:${bug.example}`, () => ({ kind: 'suspicion' })).bug = bug;
  }
})(window.QE);
