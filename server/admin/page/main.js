// Puts the page together: what is heard is drawn.
import {look} from './api.js';
import {drawCharts, startCharts} from './charts.js';
import {dead} from './dead.js';
import {drawPipelines} from './flow.js';
import {count, element, rate, setData, setText} from './format.js';
import {startLogLevel} from './log_level.js';
import {openQueue} from './queue_dialog.js';
import {lookAgain} from './rows.js';
import {lookForRules} from './rules.js';
import {changed, connect, onChange, state, totals} from './state.js';
import {drawQueues, lookForItems} from './tables.js';
import {workers} from './workers.js';

const byId = (id) => document.getElementById(id);
const filter = byId('filter');

const kConnection = {connecting: 'connecting', live: 'live', lost: 'connection lost, trying again'};

function drawTotals() {
  const sum = totals();
  const facts = {Unfinished: count(sum.unfinished), 'In/s': rate(sum.put), 'Done/s': rate(sum.done), Queues: count(state.queues.size)};
  const list = byId('totals');
  if (!list.childElementCount) {
    for (const key of Object.keys(facts)) list.append(element('div', {}, element('dt', {}, key), element('dd')));
  }
  Object.values(facts).forEach((value, index) => setText(list.children[index].lastElementChild, value));
}

// Of pipelines their own list: what merely lies in an output is no stall there.
function allStalls() {
  const stalls = [];
  const told = new Set();
  for (const pipeline of state.pipelines.values()) {
    for (const name of pipeline.queues) told.add(name);
    stalls.push(...pipeline.stalls);
  }
  for (const queue of state.queues.values()) if (!told.has(queue.name)) stalls.push(...queue.stalls);
  return stalls;
}

let stallsDrawn = '';
function drawStalls() {
  const stalls = allStalls();
  const text = JSON.stringify(stalls);
  if (text === stallsDrawn) return;
  stallsDrawn = text;
  const section = byId('stalls');
  section.hidden = stalls.length === 0;
  const sentence = ({message}) => message.charAt(0).toUpperCase() + message.slice(1);
  const shown = stalls.slice(0, 6).map((stall) => element(
      'li', {}, element('button', {type: 'button', class: 'link', onclick: () => openQueue(stall.queue)}, sentence(stall))));
  if (stalls.length > shown.length) shown.push(element('li', {}, `and ${stalls.length - shown.length} more`));
  section.replaceChildren(element('h2', {}, stalls.length === 1 ? 'One thing does not move' : `${stalls.length} things do not move`),
                          element('ul', {}, ...shown));
}

// Before anything is known an empty page says nothing wrong, and is drawn sooner.
function reveal() {
  const main = document.querySelector('main');
  if (!main.hidden || state.connection !== 'live') return;
  main.hidden = false;
  startCharts(state).catch(() => setText(byId('rates-chart'), 'The charts could not be loaded.'));
}

function draw() {
  reveal();
  const connection = byId('connection');
  setText(connection, kConnection[state.connection]);
  setData(connection, 'state', state.connection);
  drawTotals();
  drawStalls();
  // What is too much for one frame is drawn in the next ones, from the top of the page downwards.
  const complete = drawPipelines(state, byId('pipelines')) && drawQueues(state, filter.value);
  if (!complete) changed();
  drawCharts(state);
}

onChange(draw);
filter.addEventListener('input', draw);
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.matches('input') || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  filter.focus();
});

function start() {
  connect();
  lookForItems();
  lookAgain(workers, dead);
  lookForRules();
  startLogLevel(byId('log')).catch(() => {});
  look('server').then((server) => setText(byId('version'), `sluiced ${server.version}`)).catch(() => {});
}

start();
