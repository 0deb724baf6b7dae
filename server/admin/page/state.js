// What the server says, as it comes, with the rates that follow from it.

const kHistorySeconds = 900;

export const state = {
  queues: new Map(),     // by name; each with `rates`
  pipelines: new Map(),  // by name
  time: null,            // of the last event, by the server's clock
  connection: 'connecting',
  // For the charts: what was at each second.
  history: [],
};

const listeners = new Set();
let waiting = false;

// Calls `listener` after changes, at most once a frame.
export function onChange(listener) { listeners.add(listener); }

export function changed() {
  if (waiting) return;
  waiting = true;
  const tell = () => {
    waiting = false;
    for (const listener of listeners) listener(state);
  };
  // A page that is not looked at has no frames, and is told all the same.
  if (document.hidden) setTimeout(tell, 500); else requestAnimationFrame(tell);
}

// Of two sights of a queue: items a second, smoothed over a few of them.
function rates(before, now, elapsed) {
  const fresh = (key) => Math.max(0, now.counters[key] - before.counters[key]) / elapsed;
  const smooth = (old, value) => {
    const mixed = old + (value - old) * Math.min(1, elapsed / 2);
    return mixed < 0.05 ? 0 : mixed;
  };
  return {put: smooth(before.rates.put, fresh('put')), done: smooth(before.rates.done, fresh('done'))};
}

function take(queues, time) {
  for (const queue of queues) {
    const before = state.queues.get(queue.name);
    queue.seen = time;
    queue.rates = {put: 0, done: 0};
    if (before && before.create_time === queue.create_time && time > before.seen) {
      queue.rates = rates(before, queue, (time - before.seen) / 1000);
    }
    state.queues.set(queue.name, queue);
  }
}

// A queue of which nothing is told does nothing.
function calm(time) {
  for (const queue of state.queues.values()) {
    if (queue.seen >= time || (!queue.rates.put && !queue.rates.done)) continue;
    queue.rates = rates(queue, queue, Math.max(0.1, (time - queue.seen) / 1000));
    queue.seen = time;
  }
}

export function totals() {
  const sum = {waiting: 0, delayed: 0, leased: 0, unfinished: 0, put: 0, done: 0};
  for (const queue of state.queues.values()) {
    sum.waiting += queue.waiting;
    sum.delayed += queue.delayed;
    sum.leased += queue.leased;
    sum.unfinished += queue.unfinished;
    sum.put += queue.rates.put;
    sum.done += queue.rates.done;
  }
  return sum;
}

function remember(time) {
  const {history} = state;
  const last = history[history.length - 1];
  if (last && time - last.time < 900) return;
  const sum = totals();
  history.push({time, put: sum.put, done: sum.done, unfinished: sum.unfinished, leased: sum.leased});
  while (history.length && time - history[0].time > kHistorySeconds * 1000) history.shift();
}

function apply(data) {
  const time = Date.parse(data.time);
  take(data.queues ?? [], time);
  for (const name of data.queues_gone ?? []) state.queues.delete(name);
  for (const pipeline of data.pipelines ?? []) state.pipelines.set(pipeline.name, pipeline);
  for (const name of data.pipelines_gone ?? []) state.pipelines.delete(name);
  state.time = time;
  state.heard = performance.now();
  remember(time);
  changed();
}

// The server's present time, as far as it is known.
export const serverNow = () => state.time == null ? Date.now() : state.time + (performance.now() - state.heard);

function setConnection(connection) {
  if (state.connection === connection) return;
  state.connection = connection;
  changed();
}

let source = null;

function open() {
  source = new EventSource('api/v1/events');
  source.addEventListener('open', () => setConnection('live'));
  source.addEventListener('snapshot', (event) => {
    const data = JSON.parse(event.data);
    const names = new Set((data.queues ?? []).map((queue) => queue.name));
    for (const name of [...state.queues.keys()]) if (!names.has(name)) state.queues.delete(name);
    const lines = new Set((data.pipelines ?? []).map((pipeline) => pipeline.name));
    for (const name of [...state.pipelines.keys()]) if (!lines.has(name)) state.pipelines.delete(name);
    setConnection('live');
    apply(data);
  });
  source.addEventListener('change', (event) => apply(JSON.parse(event.data)));
  source.addEventListener('error', () => {
    setConnection('lost');
    // A browser gives up for good on an answer that is no stream, such as "too many".
    if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
  });
}

export function connect() {
  open();
  // A page that was left may be kept, stream and all; of so many connections as a browser makes to a server, none would be left
  // after a few of them.
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', ({persisted}) => { if (persisted) open(); });
}

// While nothing changes nothing is told; ages and rates go on.
setInterval(() => {
  if (state.connection !== 'live' || state.time == null) return;
  const now = serverNow();
  calm(now - 1500);
  remember(now);
  changed();
}, 1000);
