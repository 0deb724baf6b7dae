// The lists of queues and of what runs, and what all lists are made of.
import {look} from './api.js';
import {count, element, rate, seconds, setData, setText, span} from './format.js';
import {openQueue} from './queue_dialog.js';
import {addActions, holderOf, lookForRunning} from './running.js';
import {openStage} from './stage_dialog.js';
import {serverNow} from './state.js';

const kLookEvery = 2000;
const kRowsAtOnce = 50;  // of queues that are new: the rest comes with the next frames

// Rows by key, made once and changed where they differ.
export class Rows {
  constructor(body, atOnce = Infinity) {
    this.body = body;
    this.atOnce = atOnce;  // so many are made by a call
    this.rows = new Map();
  }

  // `items` in order; `make()` gives a row, `draw(row, item)` fills it. False if there are more to make, which the next call does.
  show(items, keyOf, make, draw) {
    const keys = new Set();
    let before = null;
    let made = 0;
    for (const item of items) {
      const key = keyOf(item);
      keys.add(key);
      if (!this.rows.has(key)) {
        if (++made > this.atOnce) continue;
        this.rows.set(key, make(item));
      }
      const row = this.rows.get(key);
      const wanted = before ? before.nextElementSibling : this.body.firstElementChild;
      if (row !== wanted) before ? before.after(row) : this.body.prepend(row);
      before = row;
      draw(row, item);
    }
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    return made <= this.atOnce;
  }
}

// With their roles in words, for not every browser knows them of a row that is laid out by itself.
function emptyRow(cells, numbers) {
  const row = element('tr', {role: 'row'}, element('th', {scope: 'row', role: 'rowheader'}));
  for (let index = 0; index < cells; ++index) row.append(element('td', {role: 'cell', class: index >= numbers ? 'n' : null}));
  return row;
}

const emptyRows = new Map();
export function rowOf(first, cells, numbers) {
  const kind = `${cells} ${numbers}`;
  if (!emptyRows.has(kind)) emptyRows.set(kind, emptyRow(cells, numbers));
  const row = emptyRows.get(kind).cloneNode(true);
  row.parts = [...row.cells].slice(1);
  row.cells[0].append(first);
  return row;
}

// For where there is no room for the heads of the columns: each cell says what it is.
export function labelCells(row, table) {
  const heads = table.tHead.rows[0].cells;
  [...row.cells].forEach((cell, index) => {
    if (heads[index].textContent) cell.dataset.label = heads[index].textContent;
  });
}

const linkButton = (text, onclick) => element('button', {type: 'button', class: 'link', onclick}, text);
export const nameButton = (name) => linkButton(name, () => openQueue(name));

function stateOf(queue) {
  if (queue.stalls.length) return 'stalled';
  if (queue.state === 'QUEUE_STATE_CLOSED') return queue.paused ? 'closed, paused' : 'closed';
  return queue.paused ? 'paused' : 'open';
}

const queues = new Rows(document.querySelector('#queues tbody'), kRowsAtOnce);

// False if the next frame has to go on.
export function drawQueues(state, filter) {
  const wanted = filter.trim().toLowerCase();
  const all = [...state.queues.values()].filter((queue) => queue.name.toLowerCase().includes(wanted));
  all.sort((a, b) => a.name < b.name ? -1 : 1);
  const complete = queues.show(all, (queue) => queue.name, (queue) => rowOf(nameButton(queue.name), 9, 1), (row, queue) => {
    const texts = [
      stateOf(queue), count(queue.waiting), count(queue.delayed), count(queue.leased),
      queue.settings.capacity ? count(queue.settings.capacity) : '∞', rate(queue.rates.put), rate(queue.rates.done),
      queue.oldest_age == null ? '–' : span(seconds(queue.oldest_age)), count(queue.counters.dead_lettered),
    ];
    texts.forEach((text, index) => setText(row.parts[index], text));
    setData(row, 'stalled', queue.stalls.length > 0);
    if (row.title !== (queue.stalls[0]?.message ?? '')) row.title = queue.stalls[0]?.message ?? '';
  });
  document.getElementById('no-queues').hidden = all.length > 0;
  return complete;
}

// What is asked for, again and again, while somebody looks. Without anything to show it says so, or hides, if it has no words for it.
export class Asked {
  // `target` is what to look at, or what gives it.
  constructor(id, target, draw) {
    this.table = document.getElementById(id);
    this.nothing = this.table.parentElement.querySelector('.nothing');
    this.rows = new Rows(this.table.tBodies[0]);
    this.target = target;
    this.draw = draw;
  }

  async ask() {
    try {
      const shown = this.draw(this.rows, await (typeof this.target === 'string' ? look(this.target) : this.target()));
      if (this.nothing) this.nothing.hidden = shown > 0;
      else this.table.closest('section').hidden = shown === 0;
    } catch {
      // The connection's state, above, says that the server is not there.
    }
  }
}

const running = new Asked('running', lookForRunning, (rows, answer) => {
  const items = answer.running.slice(0, 200);
  const make = (item) => {
    const row = rowOf(String(item.item_id), 6, 2);
    row.parts[0].append(item.stage ? linkButton(`${item.pipeline} / ${item.stage}`, () => openStage(item.pipeline, item.stage)) : '–');
    row.parts[1].append(nameButton(item.queue));
    addActions(row, item, () => running.ask());
    return row;
  };
  rows.show(items, (item) => `${item.pipeline} ${item.stage} ${item.item_id}`, make, (row, item) => {
    const [, , age, attempt, holder] = row.parts;
    setText(age, item.start_time ? span(Math.max(0, (serverNow() - Date.parse(item.start_time)) / 1000)) : '–');
    setText(attempt, item.attempt);
    setText(holder, holderOf(item));
  });
  return items.length;
});

export function lookAgain(...lists) {
  const ask = () => {
    if (!document.hidden) lists.forEach((list) => list.ask());
  };
  ask();
  setInterval(ask, kLookEvery);
  document.addEventListener('visibilitychange', ask);
}

export const lookForItems = () => lookAgain(running);
