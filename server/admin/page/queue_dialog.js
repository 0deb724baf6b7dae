// One queue, with what one can do to it and to its first items.
import {act, look, path} from './api.js';
import {sure} from './ask.js';
import {drawFacts, element, setHidden, setText} from './format.js';
import {cancelButton, purge, redriveButton, redriveSome} from './item_actions.js';
import {factsOfItem, payloadOf} from './item_facts.js';
import {factsOf} from './queue_facts.js';
import {onChange, state} from './state.js';
import {Rows} from './rows.js';

const kLookEvery = 2000;
const kItems = 10;

const dialog = document.getElementById('queue-dialog');
let shown = null;  // the name of the queue
let parts = null;

function draw() {
  const queue = state.queues.get(shown);
  if (!queue) return;
  drawFacts(parts.facts, factsOf(queue));
  setHidden(parts.pause, queue.paused);
  setHidden(parts.resume, !queue.paused);
  parts.close.disabled = queue.state === 'QUEUE_STATE_CLOSED';
  parts.purge.disabled = parts.redrive.disabled = queue.waiting + queue.delayed === 0;
}

async function close(name) {
  const answer = await sure(`Close ${name}?`, 'It takes no more puts, for good. What is in it is still handed out.', 'Close',
                            'Discard what waits instead');
  if (answer) await act(path('queues', name, 'close'), {immediate: answer.ticked}, `${name} is closed`);
}

function itemRow(name, item) {
  const row = element('li');
  row.payload = element('code');
  row.facts = element('span', {class: 'dim'});
  const held = item.state === 'ITEM_STATE_LEASED';
  row.append(element('div', {}, row.payload, ' ', row.facts),
             element('div', {class: 'buttons'}, item.dead_from && redriveButton(name, item.item_id, lookAgain),
                     cancelButton(name, item.item_id, held, lookAgain)));
  return row;
}

async function drawItems(name) {
  const {rows, trouble} = parts;
  try {
    const {items, next_page_token: more} = await look(`${path('queues', name, 'items')}?page_size=${kItems}&max_payload_bytes=120`);
    rows.show(items, ({item_id, state: now}) => `${item_id} ${now}`, (item) => itemRow(name, item), (row, item) => {
      setText(row.payload, payloadOf(item));
      setText(row.facts, factsOfItem(item));
    });
    setText(trouble, items.length ? (more ? 'and more' : '') : 'none');
  } catch (error) {
    setText(trouble, error.message);
  }
}

function lookAgain() {
  if (dialog.open && !document.hidden) drawItems(shown);
}

export function openQueue(name) {
  shown = name;
  const button = (text, onclick, kind = '') => element('button', {type: 'button', class: kind, onclick}, text);
  const items = element('ul', {class: 'items'});
  parts = {
    facts: element('dl', {class: 'facts'}),
    pause: button('Pause', () => act(path('queues', name, 'pause'), {}, `${name} is paused`)),
    resume: button('Resume', () => act(path('queues', name, 'resume'), {}, `${name} hands out again`)),
    close: button('Close…', () => close(name)),
    redrive: button('Redrive…', () => redriveSome(name)),
    purge: button('Purge…', () => purge(name), 'danger'),
    rows: new Rows(items),
    trouble: element('p', {class: 'dim'}),
  };
  dialog.replaceChildren(
      element('div', {class: 'bar'}, element('h3', {id: 'queue-dialog-title'}, name),
              button('×', () => dialog.close(), 'quiet')),
      parts.facts, element('div', {class: 'buttons left'}, parts.pause, parts.resume, parts.close, parts.redrive, parts.purge),
      element('h4', {}, 'First items'), items, parts.trouble);
  dialog.querySelector('.quiet').setAttribute('aria-label', 'Close this');
  draw();
  drawItems(name);
  if (!dialog.open) dialog.showModal();
}

onChange(() => { if (dialog.open) draw(); });
setInterval(lookAgain, kLookEvery);
