// Pipelines drawn as they flow: queue, stage, queue.
import {act, path} from './api.js';
import {sure} from './ask.js';
import {brief, count, element, rate, seconds, setData, setHidden, setText} from './format.js';
import {openQueue} from './queue_dialog.js';
import {openStage} from './stage_dialog.js';
import {busyRemote, inServer, isRemote, notesOf, remoteText, serverText} from './stage_facts.js';

const kDots = 16;
const kNodesInAFrame = 50;  // that are new, and then the rest of one card
const cards = new Map();  // by the pipeline's name

// The edges that lead back to where the flow has been: what makes a ring a ring.
function markBack(nodes, edges) {
  const next = new Map([...nodes].map((id) => [id, edges.filter(({from}) => from === id)]));
  const begun = new Set();
  const done = new Set();
  const walk = (id) => {
    begun.add(id);
    for (const edge of next.get(id)) {
      if (begun.has(edge.to) && !done.has(edge.to)) edge.back = true;
      else if (!begun.has(edge.to)) walk(edge.to);
    }
    done.add(id);
  };
  for (const id of nodes) if (!begun.has(id)) walk(id);
}

// Where each node stands: its layer in the direction of the flow, and its row among those of the layer.
export function layout(pipeline) {
  const layers = new Map(pipeline.queues.map((name) => [`q ${name}`, 0]));
  const edges = [];
  for (const {spec} of pipeline.stages) {
    layers.set(`s ${spec.name}`, 1);
    edges.push({from: `q ${spec.input}`, to: `s ${spec.name}`, back: false});
    if (spec.output) edges.push({from: `s ${spec.name}`, to: `q ${spec.output}`, back: false});
  }
  markBack([...layers.keys()], edges);
  for (let moved = true; moved;) {
    moved = false;
    for (const {from, to, back} of edges) {
      if (back || layers.get(to) > layers.get(from)) continue;
      layers.set(to, layers.get(from) + 1);
      moved = true;
    }
  }
  const rows = new Map();
  const places = new Map();
  for (const [id, layer] of layers) {
    const row = rows.get(layer) ?? 0;
    rows.set(layer, row + 1);
    places.set(id, {layer, row});
  }
  return {places, edges};
}

const shape = (pipeline) => JSON.stringify([pipeline.queues, pipeline.stages.map(({spec}) => [spec.name, spec.input, spec.output])]);

function queueNode(name) {
  const node = element('button', {class: 'node queue', type: 'button', onclick: () => openQueue(name)});
  node.parts = {
    name: element('span', {class: 'name'}, name),
    fill: element('span', {class: 'fill'}),
    depth: element('b'),
    capacity: element('span', {class: 'dim'}),
    flow: element('span', {class: 'dim line'}),
    notes: element('span', {class: 'notes line'}),
  };
  const {parts} = node;
  node.append(parts.name, element('span', {class: 'depth'}, parts.fill),
              element('span', {class: 'line'}, parts.depth, parts.capacity), parts.flow, parts.notes);
  return node;
}

function stageNode(pipeline, name) {
  const node = element('button', {class: 'node stage', type: 'button', onclick: () => openStage(pipeline, name)});
  node.parts = {
    name: element('span', {class: 'name'}, name),
    handler: element('span', {class: 'dim line'}),
    dots: element('span', {class: 'dots', 'aria-hidden': 'true'}),
    workers: element('span', {class: 'line'}),
    remote: element('span', {class: 'line'}),
    notes: element('span', {class: 'notes line'}),
  };
  const {parts} = node;
  node.append(parts.name, parts.handler, parts.dots, parts.workers, parts.remote, parts.notes);
  return node;
}

export function queueNotes(queue) {
  const notes = [];
  if (queue.state === 'QUEUE_STATE_CLOSED') notes.push('closed');
  if (queue.paused) notes.push('paused');
  if (queue.waiting_puts) notes.push(`${count(queue.waiting_puts)} ${queue.waiting_puts === 1 ? 'put waits' : 'puts wait'}`);
  if (queue.delayed) notes.push(`${count(queue.delayed)} delayed`);
  if (queue.counters.dead_lettered) notes.push(`${count(queue.counters.dead_lettered)} dead`);
  return notes.join(' · ');
}

function drawQueue(node, queue, stalled) {
  const {parts} = node;
  const {capacity} = queue.settings;
  const depth = queue.waiting + queue.delayed;
  const full = capacity ? Math.min(1, depth / capacity) : Math.min(1, Math.log10(depth + 1) / 6);
  parts.fill.style.setProperty('--full', full.toFixed(3));
  setText(parts.depth, count(depth));
  setText(parts.capacity, capacity ? ` of ${count(capacity)}` : ' waiting');
  const age = queue.oldest_age == null ? '' : ` · oldest ${brief(seconds(queue.oldest_age))}`;
  setText(parts.flow, `${rate(queue.rates.put)}/s in${age}`);
  setText(parts.notes, queueNotes(queue));
  setData(node, 'full', full >= 1 && capacity > 0);
  setData(node, 'stalled', stalled);
  setData(node, 'closed', queue.state === 'QUEUE_STATE_CLOSED');
  setData(node, 'paused', queue.paused);
}

// Of so many workers as are shown, in proportion.
const busyOf = (busy, all, shown) => Math.round(all > shown ? busy / all * shown : busy);

function drawDots(dots, pipeline, stage) {
  const here = inServer(stage);
  const shown = Math.min(kDots, here);
  const remote = Math.min(kDots, stage.remote_workers);
  if (dots.childElementCount !== shown + remote || dots.remote !== remote) {
    dots.remote = remote;
    dots.replaceChildren(...Array.from({length: shown + remote}, (_, index) => element('i', {class: index < shown ? null : 'remote'})));
  }
  const busy = busyOf(stage.busy_workers, here, shown);
  const away = busyOf(busyRemote(pipeline, stage) ?? 0, stage.remote_workers, remote);
  [...dots.children].forEach((dot, index) => setData(dot, 'busy', index < shown ? index < busy : index - shown < away));
}

function drawStage(node, pipeline, stage) {
  const {parts} = node;
  setText(parts.handler, isRemote(stage) ? 'remote workers' : stage.spec.handler);
  drawDots(parts.dots, pipeline, stage);
  setText(parts.workers, serverText(stage));
  setText(parts.remote, remoteText(pipeline, stage));
  setText(parts.notes, notesOf(stage));
  setData(node, 'state', stage.state.replace('STAGE_STATE_', '').toLowerCase());
}

// A line between two nodes, from edge to edge of their boxes. "down" is how the flow goes on a phone.
function lineOf(a, b, back, down) {
  if (back) {
    const y = Math.max(a.bottom, b.bottom) + 14;
    return `M${a.x} ${a.bottom} C${a.x} ${y} ${b.x} ${y} ${b.x} ${b.bottom}`;
  }
  if (down) {
    const half = (b.top - a.bottom) / 2;
    return `M${a.x} ${a.bottom} C${a.x} ${a.bottom + half} ${b.x} ${b.top - half} ${b.x} ${b.top - 2}`;
  }
  const half = (b.left - a.right) / 2;
  return `M${a.right} ${a.y} C${a.right + half} ${a.y} ${b.left - half} ${b.y} ${b.left - 2} ${b.y}`;
}

// The lines of a card. Nothing is written here: a line that is written between two looks has the page laid out for each of them.
function linesOf(card) {
  const box = card.flow.getBoundingClientRect();
  if (!box.width) return [];
  const down = getComputedStyle(card.flow).getPropertyValue('--down').trim() === '1';
  const places = new Map();
  for (const [id, node] of card.nodes) {
    const r = node.getBoundingClientRect();
    places.set(id, {left: r.left - box.left, right: r.right - box.left, top: r.top - box.top, bottom: r.bottom - box.top,
                    x: (r.left + r.right) / 2 - box.left, y: (r.top + r.bottom) / 2 - box.top});
  }
  return card.edges.map(({from, to, back, line}) => [line, lineOf(places.get(from), places.get(to), back, down)]);
}

const svg = (tag, properties = {}) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  return made;
};

// Cards that are out of sight are not laid out, and are told of when they come into it.
const observer = new ResizeObserver((entries) => {
  for (const [line, way] of entries.flatMap(({target}) => linesOf(target.card))) line.setAttribute('d', way);
});

async function close(name) {
  const answer = await sure(`Close ${name}?`,
                            'Its first queues take no more puts, for good. What is in it is worked on, and then the next ones close.', 'Close',
                            'Discard what waits in its first queues');
  if (answer) await act(path('pipelines', name, 'close'), {immediate: answer.ticked}, `${name} is closed`);
}

function makeCard(pipeline) {
  const card = {shape: shape(pipeline), nodes: new Map(), edges: []};
  card.title = element('h3', {}, pipeline.name);
  card.told = element('span', {class: 'dim'});
  card.close = element('button', {type: 'button', class: 'small', onclick: () => close(pipeline.name), 'aria-label': `Close ${pipeline.name}`}, 'Close…');
  card.svg = svg('svg', {class: 'edges', 'aria-hidden': 'true'});
  card.flow = element('div', {class: 'flow'}, card.svg);
  card.flow.card = card;
  const {places, edges} = layout(pipeline);
  for (const [id, {layer, row}] of places) {
    const name = id.slice(2);
    const node = id.startsWith('q') ? queueNode(name) : stageNode(pipeline.name, name);
    node.style.setProperty('--layer', layer + 1);
    node.style.setProperty('--row', row + 1);
    card.nodes.set(id, node);
    card.flow.append(node);
  }
  for (const edge of edges) {
    const line = svg('path', {class: edge.back ? 'edge back' : 'edge'});
    card.svg.append(line);
    card.edges.push({...edge, line});
  }
  card.root = element('article', {class: 'pipeline'}, element('div', {class: 'bar'}, card.title, element('div', {class: 'told'}, card.told, card.close)),
                      element('div', {class: 'scroll'}, card.flow));
  observer.observe(card.flow);
  return card;
}

function drawCard(card, pipeline, state) {
  const stalled = new Set(pipeline.stalls.map((stall) => stall.queue));
  for (const name of pipeline.queues) {
    const queue = state.queues.get(name);
    if (queue) drawQueue(card.nodes.get(`q ${name}`), queue, stalled.has(name));
  }
  for (const stage of pipeline.stages) drawStage(card.nodes.get(`s ${stage.spec.name}`), pipeline.name, stage);
  // A line moves while its stage works.
  const busy = new Set(pipeline.stages.filter((stage) => stage.busy_workers || stage.remote_items).map((stage) => `s ${stage.spec.name}`));
  for (const {from, to, line} of card.edges) line.classList.toggle('moves', busy.has(from) || busy.has(to));
  setHidden(card.close, pipeline.finished);
  setText(card.told, pipeline.finished ? 'finished' : `${count(pipeline.unfinished)} unfinished`);
}

// False if there is more to make, which the next frame will.
export function drawPipelines(state, into) {
  const names = [...state.pipelines.keys()].sort();
  for (const [name, card] of cards) {
    if (state.pipelines.has(name) && card.shape === shape(state.pipelines.get(name))) continue;
    observer.unobserve(card.flow);
    card.root.remove();
    cards.delete(name);
  }
  setHidden(into.querySelector('.nothing'), names.length > 0);
  let before = into.querySelector('.nothing');
  let made = 0;
  let complete = true;
  for (const name of names) {
    const pipeline = state.pipelines.get(name);
    if (!cards.has(name)) {
      complete = made < kNodesInAFrame;
      if (!complete) continue;
      cards.set(name, makeCard(pipeline));
      made += cards.get(name).nodes.size;
    }
    const card = cards.get(name);
    if (before.nextElementSibling !== card.root) before.after(card.root);
    before = card.root;
    drawCard(card, pipeline, state);
  }
  return complete;
}
