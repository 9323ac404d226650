// stream.ts - the live stream, with its own retry.
//
// Server-sent events read by fetch, because EventSource gives up for good at the first answer that is
// not 200 and cannot say why. One tab holds the stream and passes it on to its neighbours, since
// a browser opens six connections to one server and the seventh tab would hang (T20).
export type Connection = 'connecting' | 'live' | 'late' | 'offline' | 'denied';

export interface StreamMessage {
  event: string;
  data: unknown;
  id: string;
}

const lateMs = 5000, offlineMs = 10000, retryMs = [1000, 2000, 5000, 10000];

// Splits what came into whole events; the rest waits for more.
export class EventReader {
  private rest = '';

  read(text: string): StreamMessage[] {
    this.rest += text;
    const blocks = this.rest.split(/\r?\n\r?\n/);
    this.rest = blocks.pop() ?? '';
    const found: StreamMessage[] = [];
    for (const block of blocks) {
      let event = 'message', id = '', data = '';
      for (const line of block.split(/\r?\n/)) {
        const colon = line.indexOf(':');
        if (colon <= 0) continue;  // a comment keeps the line open
        const value = line.slice(colon + 1).replace(/^ /, '');
        const field = line.slice(0, colon);
        if (field === 'event') event = value;
        else if (field === 'id') id = value;
        else if (field === 'data') data += (data ? '\n' : '') + value;
      }
      if (!data) continue;
      try {
        found.push({event, id, data: JSON.parse(data)});
      } catch {
        // Half a message is none; the next snapshot mends it.
      }
    }
    return found;
  }
}

export class LiveStream {
  connection: Connection = 'connecting';
  lastMs = performance.now();
  private lastId = '';
  private tries = 0;
  private triedMs = 0;
  private stop: AbortController | null = null;
  private wake: (() => void) | null = null;
  private channel: BroadcastChannel | null = null;
  private leading = false;
  private hiddenTimer = 0;

  private watching = 0;
  private readonly over = new AbortController();
  private readonly looked = () => this.visibility();

  // path: below /api/v1/; name: what tabs that share it call it.
  constructor(private readonly path: string, private readonly name: string,
              private readonly onMessage: (message: StreamMessage) => void,
              private readonly onConnection: (connection: Connection) => void,
              private readonly onFollow: () => void) {}

  // seen: number of the state that the page has already, 0 for none; the stream goes on from there.
  start(seen: number): void {
    if (seen > 0) this.lastId = String(seen);
    this.watching = window.setInterval(() => this.watch(), 500);
    document.addEventListener('visibilitychange', this.looked);
    const locks = navigator.locks as LockManager | undefined;
    if (!locks || typeof BroadcastChannel === 'undefined') {  // plain HTTP on a LAN name
      this.leading = true;
      void this.lead();
      return;
    }
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = (e) => {
      if (!this.leading) this.take(e.data as StreamMessage);
    };
    this.queueUp(locks);
    if (!seen) this.onFollow();
  }

  // Asks the server anew, from the state as a whole.
  resync(): void {
    if (!this.leading) return this.onFollow();
    this.lastId = '';
    this.stop?.abort();
    this.wake?.();
  }

  // Nobody looks any more; another tab may go on with it.
  end(): void {
    clearInterval(this.watching);
    clearTimeout(this.hiddenTimer);
    document.removeEventListener('visibilitychange', this.looked);
    this.over.abort();
    this.stop?.abort();
    this.wake?.();
    this.channel?.close();
  }

  private queueUp(locks: LockManager): void {
    locks.request(this.name, {signal: this.over.signal}, async () => {
      this.leading = true;
      await this.lead();
      this.leading = false;
    }).catch(() => {});  // ended while it waited
  }

  private async lead(): Promise<void> {
    for (;;) {
      if (this.over.signal.aborted) return;
      if (this.hiddenTimer === -1 && this.channel) return;  // hidden for long: let another tab lead
      this.stop = new AbortController();
      this.triedMs = performance.now();
      let opened = false;
      try {
        const answer = await fetch(`/api/v1/${this.path}`, {
          headers: this.lastId ? {'Last-Event-ID': this.lastId} : {},
          credentials: 'same-origin', cache: 'no-store', signal: this.stop.signal,
        });
        if (answer.status === 401 || answer.status === 403) this.say('denied');
        if (answer.ok && answer.body) {
          opened = true;
          await this.drain(answer.body);
        }
      } catch {
        // Lost or stopped; try again below.
      }
      if (opened) this.tries = 0;
      const wait = retryMs[Math.min(this.tries++, retryMs.length - 1)]!;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, wait * (0.75 + 0.5 * Math.random()));
        this.wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  private async drain(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader(), decoder = new TextDecoder(), events = new EventReader();
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      for (const message of events.read(decoder.decode(value, {stream: true}))) {
        if (message.id) this.lastId = message.id;
        if (this.over.signal.aborted) return;
        this.channel?.postMessage(message);
        this.take(message);
      }
    }
  }

  private take(message: StreamMessage): void {
    this.lastMs = performance.now();
    this.say('live');
    this.onMessage(message);
  }

  private watch(): void {
    const quiet = performance.now() - this.lastMs;
    if (this.connection === 'denied') return;
    if (quiet > offlineMs) {
      this.say('offline');
      // A half-open connection would stay silent for ever, and so would one that is never answered.
      if (performance.now() - this.triedMs > offlineMs) this.stop?.abort();
    } else if (quiet > lateMs && this.connection === 'live') {
      this.say('late');
    }
  }

  private visibility(): void {
    clearTimeout(this.hiddenTimer > 0 ? this.hiddenTimer : 0);
    if (document.hidden) {
      this.hiddenTimer = window.setTimeout(() => {
        this.hiddenTimer = -1;
        if (this.leading && this.channel) this.stop?.abort(), this.wake?.();
      }, 30000);
    } else {
      const gone = this.hiddenTimer === -1;
      this.hiddenTimer = 0;
      if (gone && !this.leading && this.channel) {
        this.queueUp(navigator.locks);
        this.onFollow();
      }
    }
  }

  private say(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.onConnection(connection);
  }
}
