/* Where events come from: the journal inside this file, or the server that sent it. */
(function (QE) {
  'use strict';

  /**
   * @typedef {{start(run: string, title: string): void, push(events: any[]): void,
   *   status(word: string, kind: string): void, over(): void, note(text: string): void}} Hearer
   */

  const MANY = 5; // tries after which a server is taken for gone; it is still asked

  async function unpacked(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
  }

  /** @param {Hearer} to */
  async function embedded(element, to) {
    const data = JSON.parse(element.textContent);
    to.start('', data.title || '');
    const [journal, sources, preview] = await Promise.all(
      [data.journal, data.sources, data.preview].map((each) => (each ? unpacked(each) : '')));
    QE.sources.give(sources ? JSON.parse(sources) : {});
    if (preview) QE.preview.give(preview);
    for (const note of data.notes || []) to.note(String(note));
    const lines = journal.split('\n');
    const head = JSON.parse(lines.shift() || '{}');
    if (head.journal !== 'qe-action' || head.version !== 1) {
      to.note(`The journal inside is of version ${head.version}; this page reads version 1.`);
    } else {
      if (lines.pop() !== '') to.note('The journal inside is cut off: its last line is left out.');
      to.push(lines);
    }
    to.over();
    to.status('Report', 'done');
  }

  /** Follows the run's events, and goes on where it was when the connection comes back. */
  class Socket {
    /** @param {Hearer} to */
    constructor(to) {
      this.to = to;
      this.run = null;
      this.next = 0;
      this.tries = 0;
      this.ended = false;
      this.reason = '';
      this.connect();
    }

    connect() {
      const known = this.run === null ? '' : `?run=${encodeURIComponent(this.run)}&after=${this.next}`;
      const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
      if (!this.tries) this.to.status('Connecting', 'wait');
      this.socket = new WebSocket(`${scheme}//${location.host}/ws${known}`);
      this.socket.onmessage = (message) => this.hear(JSON.parse(message.data));
      this.socket.onclose = () => this.lost();
    }

    hear(frame) {
      if (frame.kind === 'hello') this.hello(frame);
      else if (frame.kind === 'events') this.events(frame);
      else if (frame.kind === 'dropped') this.reason = String(frame.reason || '');
      else if (frame.kind === 'end') {
        this.ended = true;
        this.to.over();
        this.to.status('Finished', 'done');
      }
    }

    hello(frame) {
      this.tries = 0;
      this.reason = '';
      if (frame.run !== this.run || frame.first > this.next) {
        this.run = frame.run;
        this.next = frame.first;
        this.to.start(frame.run, frame.title || '');
      }
      this.to.status(frame.live === false ? 'Replay' : 'Live', 'live');
    }

    events(frame) {
      const known = this.next - frame.first;
      if (known < 0) return this.socket.close(); // some are missing: ask for them anew
      const events = known ? frame.events.slice(known) : frame.events;
      this.next += events.length;
      if (events.length) this.to.push(events);
    }

    lost() {
      if (this.ended) return;
      const pause = Math.min(500 * 2 ** this.tries++, 15000);
      const gone = this.tries > MANY;
      this.to.status(this.reason ? `Dropped: ${this.reason}` : gone ? 'No connection' : 'Reconnecting', gone ? 'bad' : 'wait');
      setTimeout(() => this.connect(), pause * (0.75 + Math.random() / 2));
    }
  }

  /** @param {Hearer} to */
  QE.listen = function (to) {
    const element = QE.byId('qe-data');
    if (!element) return new Socket(to);
    return embedded(element, to).catch(() => {
      to.note('The data inside this file cannot be read: it is damaged, or the browser is too old.');
      to.status('Unreadable', 'bad');
    });
  };
})(window.QE);
