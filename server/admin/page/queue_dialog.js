// One queue, with what one can do to it.
import {act, look, path, sure} from './api.js';
import {clock, count, element, rate, seconds, span} from './format.js';
import {onChange, state} from './state.js';

const dialog = document.getElementById('queue-dialog');
let shown = null;  // the name of the queue
let facts = null;
let buttons = null;

function factsOf(queue) {
  const {counters, settings} = queue;
  return [
    ['Waiting', count(queue.waiting)], ['Delayed', count(queue.delayed)], ['Leased', count(queue.leased)],
    ['Capacity', settings.capacity ? count(settings.capacity) : 'unbounded'],
    ['Oldest', span(seconds(queue.oldest_age))],
    ['Blocked', `${queue.waiting_puts} puts, ${queue.waiting_gets} gets, ${queue.waiting_joins} joins`],
    ['In', `${rate(queue.rates.put)}/s, ${count(counters.put)} in all`],
    ['Done', `${rate(queue.rates.done)}/s, ${count(counters.done)} in all`],
    ['Failed', `${count(counters.failed)}, of which ${count(counters.dead_lettered)} dead`],
    ['Refused', count(counters.rejected)],
    ['Ended early', `${count(counters.cancelled)} cancelled, ${count(counters.expired)} expired`],
    ['Since', new Date(queue.create_time).toLocaleString()],
  ];
}

function draw() {
  const queue = state.queues.get(shown);
  if (!queue) return;
  facts.replaceChildren(...factsOf(queue).map(([key, value]) => element('div', {}, element('dt', {}, key), element('dd', {}, value))));
  buttons.pause.hidden = queue.paused;
  buttons.resume.hidden = !queue.paused;
  buttons.close.disabled = queue.state === 'QUEUE_STATE_CLOSED';
  buttons.purge.disabled = queue.waiting + queue.delayed === 0;
}

async function purge(name) {
  const queue = state.queues.get(name);
  const many = count((queue?.waiting ?? 0) + (queue?.delayed ?? 0));
  if (!await sure(`Purge ${name}?`, `Its ${many} waiting and delayed items are discarded. They cannot be had back.`, 'Purge')) return;
  await act(path('queues', name, 'purge'), {}, ({discarded}) => `${count(discarded)} items of ${name} discarded`);
}

// In parts, as the server gives them, until everything has been looked at.
async function redrive(name) {
  let sent = 0;
  let page_token = '';
  do {
    const went = await act(path('queues', name, 'redrive'), {page_token}, (result) => {
      sent += Number(result.redriven);
      page_token = result.next_page_token;
      return `${count(sent)} dead letters of ${name} sent back`;
    });
    if (!went) return;
  } while (page_token);
}

async function close(name) {
  if (!await sure(`Close ${name}?`, 'It takes no more puts, for good. What is in it is still handed out.', 'Close')) return;
  await act(path('queues', name, 'close'), {}, `${name} is closed`);
}

async function drawItems(name, into) {
  try {
    const {items} = await look(`${path('queues', name, 'items')}?page_size=8&max_payload_bytes=120`);
    into.replaceChildren(...items.map((item) => element(
        'li', {}, element('code', {}, item.payload ?? '(bytes)'),
        element('span', {class: 'dim'},
                ` ${item.state.replace('ITEM_STATE_', '').toLowerCase()}${item.consumer ? ` by ${item.consumer}` : ''}, ${clock(item.put_time)}`))));
    buttons.redrive.hidden = !items.some((item) => item.dead_from);
    if (!items.length) into.append(element('li', {class: 'dim'}, 'empty'));
  } catch (error) {
    into.replaceChildren(element('li', {class: 'dim'}, error.message));
  }
}

export function openQueue(name) {
  shown = name;
  facts = element('dl', {class: 'facts'});
  const button = (text, onclick, kind = '') => element('button', {type: 'button', class: kind, onclick}, text);
  buttons = {
    pause: button('Pause', () => act(path('queues', name, 'pause'), {}, `${name} is paused`)),
    resume: button('Resume', () => act(path('queues', name, 'resume'), {}, `${name} hands out again`)),
    close: button('Close…', () => close(name)),
    redrive: button('Redrive', () => redrive(name)),
    purge: button('Purge…', () => purge(name), 'danger'),
  };
  // Until one is seen.
  buttons.redrive.hidden = true;
  const items = element('ul', {class: 'items'});
  dialog.replaceChildren(
      element('div', {class: 'bar'}, element('h3', {id: 'queue-dialog-title'}, name),
              button('×', () => dialog.close(), 'quiet')),
      facts, element('div', {class: 'buttons left'}, buttons.pause, buttons.resume, buttons.close, buttons.redrive, buttons.purge),
      element('h4', {}, 'First items'), items);
  dialog.querySelector('.quiet').setAttribute('aria-label', 'Close this');
  draw();
  drawItems(name, items);
  if (!dialog.open) dialog.showModal();
}

onChange(() => { if (dialog.open) draw(); });
