// What lists are made of.
import {look} from './api.js';
import {element, setHidden} from './format.js';

const kLookEvery = 2000;

// For where there is no room for the heads of the columns: each cell says what it is.
function labelCells(row, table) {
  if (row.matches('.group')) return;
  const heads = table.tHead.rows[0].cells;
  [...row.cells].forEach((cell, index) => {
    if (heads[index].textContent) cell.dataset.label = heads[index].textContent;
  });
}

// Rows by key, made once and changed where they differ.
export class Rows {
  // `makes` and `draws`: so many rows at most are made, or filled, by a call. `stampOf(item)` is another one when the item has
  // changed; without it every row is filled by every call.
  constructor(body, {makes = Infinity, draws = Infinity, stampOf = null} = {}) {
    this.body = body;
    this.labelled = body.closest('table.stack');
    this.makes = makes;
    this.draws = draws;
    this.stampOf = stampOf;
    this.rows = new Map();
  }

  // `items` in order; `make()` gives a row, `draw(row, item)` fills it. False if there is more to do, which the next call does.
  show(items, keyOf, make, draw) {
    const keys = new Set();
    let before = null;
    let made = 0;
    let drawn = 0;
    for (const item of items) {
      const key = keyOf(item);
      keys.add(key);
      if (!this.rows.has(key)) {
        if (++made > this.makes) continue;
        const row = make(item);
        if (this.labelled) labelCells(row, this.labelled);
        this.rows.set(key, row);
      }
      const row = this.rows.get(key);
      const wanted = before ? before.nextElementSibling : this.body.firstElementChild;
      if (row !== wanted) before ? before.after(row) : this.body.prepend(row);
      before = row;
      const stamp = this.stampOf?.(item);
      if (this.stampOf && row.item === item && row.stamp === stamp) continue;
      if (++drawn > this.draws) continue;
      draw(row, item);
      Object.assign(row, {item, stamp});
    }
    for (const [key, row] of this.rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    return made <= this.makes && drawn <= this.draws;
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
      if (this.nothing) setHidden(this.nothing, shown > 0);
      else setHidden(this.table.closest('section'), shown === 0);
    } catch {
      // The connection's state, above, says that the server is not there.
    }
  }
}

export function lookAgain(...lists) {
  const ask = () => {
    if (!document.hidden) lists.forEach((list) => list.ask());
  };
  ask();
  setInterval(ask, kLookEvery);
  document.addEventListener('visibilitychange', ask);
}
