// Dead letters, queue by queue, and what one can do to them.
import {clock, count, element, setText} from './format.js';
import {cancelButton, purge, redrive, redriveButton, redriveSome, smallButton} from './item_actions.js';
import {failureOf, payloadOf, traitsOf} from './item_facts.js';
import {Asked, rowOf} from './rows.js';
import {nameButton} from './tables.js';

// A queue of dead letters, above what is in it.
function queueRow({queue}) {
  const row = element('tr', {class: 'group', role: 'row'});
  row.many = element('span', {class: 'dim'});
  row.buttons = element('div', {class: 'buttons'});
  row.append(element('th', {scope: 'rowgroup', role: 'rowheader', colspan: 2}, nameButton(queue), ' ', row.many),
             element('td', {role: 'cell', colspan: 5, class: 'actions'}, row.buttons));
  return row;
}

const lookAgain = () => dead.ask();

function drawQueue(row, {queue, unfinished, items}) {
  setText(row.many, unfinished > items.length ? `${count(items.length)} of ${count(unfinished)}` : count(unfinished));
  const reasons = [...new Set(items.map((item) => item.last_failure?.reason).filter((reason) => reason))].sort();
  // One reason for all is what "all" says, if all are here.
  const offered = reasons.length > 1 || unfinished > items.length ? reasons : [];
  const key = offered.join(' ');
  if (row.offered === key) return;
  row.offered = key;
  const go = (text, label, act) => smallButton(text, label, async () => { await act(); lookAgain(); });
  row.buttons.replaceChildren(
      go('Redrive all', `Redrive all of ${queue}`, () => redrive(queue)),
      ...offered.map((reason) => go(`Redrive ${reason}`, `Redrive those of ${queue} with ${reason}`, () => redrive(queue, {reason}))),
      go('Redrive…', `Redrive some of ${queue}`, () => redriveSome(queue)),
      smallButton('Purge…', `Purge ${queue}`, async () => { await purge(queue); lookAgain(); }, 'danger'));
}

function itemRow({queue, item_id: id}) {
  const row = rowOf(String(id), 6, 6);
  const [, why, holds, , , actions] = row.parts;
  row.why = element('span');
  why.append(row.why);
  row.payload = element('code');
  row.traits = element('span', {class: 'dim'});
  holds.append(row.payload, ' ', row.traits);
  actions.className = 'actions';
  actions.append(element('div', {class: 'buttons'}, redriveButton(queue, id, lookAgain),
                         cancelButton(queue, id, false, lookAgain, 'Discard')));
  return row;
}

// What the child wrote, folded up.
function drawTail(row, why, tail) {
  if (row.tail === tail) return;
  row.tail = tail;
  why.replaceChildren(row.why, ...(tail ? [element('details', {}, element('summary', {}, 'standard error'), element('pre', {}, tail))] : []));
}

function drawItem(row, item) {
  const [from, why, , attempts, when] = row.parts;
  const failure = item.last_failure;
  setText(from, item.dead_from || '–');
  setText(row.why, failureOf(item) ?? '–');
  drawTail(row, why, failure?.stderr_tail ?? '');
  setText(row.payload, payloadOf(item));
  setText(row.traits, traitsOf(item).join(' · '));
  setText(attempts, failure?.attempt || '–');
  setText(when, clock(failure?.time ?? item.put_time));
}

export const dead = new Asked('dead', 'dead_letters', (rows, answer) => {
  const all = answer.dead_letters.flatMap((group) => [group, ...group.items.map((item) => ({...item, queue: group.queue}))]);
  rows.show(all, (each) => each.items ? `queue ${each.queue}` : `item ${each.item_id} ${each.queue}`,
            (each) => each.items ? queueRow(each) : itemRow(each), (row, each) => each.items ? drawQueue(row, each) : drawItem(row, each));
  return all.length;
});
