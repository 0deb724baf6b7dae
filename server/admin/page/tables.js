// The lists of queues and of what runs.
import {count, element, rate, seconds, setData, setHidden, setText, span} from './format.js';
import {openQueue} from './queue_dialog.js';
import {showProgress} from './progress.js';
import {Asked, lookAgain, rowOf, Rows} from './rows.js';
import {addActions, holderOf, lookForRunning} from './running.js';
import {openStage} from './stage_dialog.js';
import {serverNow} from './state.js';

// Of queues that are new, and of those that have changed: the rest comes with the next frames.
const kRowsMadeAtOnce = 50;
const kRowsDrawnAtOnce = 100;

const linkButton = (text, onclick) => element('button', {type: 'button', class: 'link', onclick}, text);
export const nameButton = (name) => linkButton(name, () => openQueue(name));
export const stageButton = (pipeline, stage) => linkButton(`${pipeline} / ${stage}`, () => openStage(pipeline, stage));

function stateOf(queue) {
  if (queue.stalls.length) return 'stalled';
  if (queue.state === 'QUEUE_STATE_CLOSED') return queue.paused ? 'closed, paused' : 'closed';
  return queue.paused ? 'paused' : 'open';
}

const queues = new Rows(document.querySelector('#queues tbody'),
                        {makes: kRowsMadeAtOnce, draws: kRowsDrawnAtOnce, stampOf: (queue) => queue.seen});

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
  setHidden(document.getElementById('no-queues'), all.length > 0);
  return complete;
}

const running = new Asked('running', lookForRunning, (rows, answer) => {
  const items = answer.running.slice(0, 200);
  const make = (item) => {
    const row = rowOf(String(item.item_id), 7, 3);
    row.parts[0].append(item.stage ? stageButton(item.pipeline, item.stage) : '–');
    row.parts[1].append(nameButton(item.queue));
    addActions(row, item, () => running.ask());
    return row;
  };
  rows.show(items, (item) => `${item.pipeline} ${item.stage} ${item.item_id}`, make, (row, item) => {
    const [, , progress, age, attempt, holder] = row.parts;
    showProgress(progress, item.progress);
    setText(age, item.start_time ? span(Math.max(0, (serverNow() - Date.parse(item.start_time)) / 1000)) : '–');
    setText(attempt, item.attempt);
    setText(holder, holderOf(item));
  });
  return items.length;
});

export const lookForItems = () => lookAgain(running);
