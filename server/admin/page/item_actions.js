// What one can do to items, one by one or many of a queue.
import {act, path} from './api.js';
import {askFor, sure} from './ask.js';
import {counted, element} from './format.js';
import {state} from './state.js';

const kOutcomes = {
  CANCEL_OUTCOME_CANCELLED: 'is cancelled',
  CANCEL_OUTCOME_REVOKED: 'is cancelled, and who worked on it is told',
  CANCEL_OUTCOME_GONE: 'had ended already',
  CANCEL_OUTCOME_UNKNOWN: 'is none that there ever was',
};

async function cancelItem(queue, id, held, verb) {
  const text = held ? 'Who works on it is told to stop; what it has done until then is dropped.' : 'It is worked on no more.';
  if (!await sure(`${verb} item ${id}?`, `It ends for good. ${text}`, `${verb} it`)) return false;
  return act(path('queues', queue, 'cancel'), {item_ids: [id]}, ({results}) => `Item ${id} ${kOutcomes[results[0].outcome]}`);
}

const kStay = {
  left_full: 'there is no room for it', left_closed: 'its queue is closed', left_homeless: 'it has no queue to go back to',
  left_duplicate: 'its unique key is in use', missing: 'it was not found',
};

function toldOf(queue, sum) {
  const stay = Object.keys(kStay).filter((key) => sum[key]).map((key) => `; ${sum[key]} not, because ${kStay[key]}`);
  return `${counted(sum.redriven, 'item')} of ${queue} sent back${stay.join('')}`;
}

// In parts, as the server gives them, until everything has been looked at. `request` says which items, and where to.
export async function redrive(queue, request = {}) {
  const sum = {redriven: 0};
  let page_token = '';
  do {
    const went = await act(path('queues', queue, 'redrive'), {...request, page_token}, (result) => {
      for (const key of ['redriven', ...Object.keys(kStay)]) sum[key] = (sum[key] ?? 0) + result[key];
      page_token = result.next_page_token;
      return toldOf(queue, sum);
    });
    if (!went) return;
  } while (page_token);
}

// Asks which, and where to.
export async function redriveSome(queue) {
  const others = [...state.queues.keys()].filter((name) => name !== queue).sort();
  const wanted = await askFor(
      `Send items of ${queue} elsewhere`, 'They begin anew there: at the end, with their first attempt.',
      {'To (empty: where each comes from)': {id: 'redrive-to', options: others.slice(0, 500)},
       'Only those that failed with (empty: all)': {id: 'redrive-reason', placeholder: 'EXIT_CODE'}}, 'Redrive');
  if (wanted) await redrive(queue, {to: wanted[0].trim(), reason: wanted[1].trim()});
}

export async function purge(name) {
  const queue = state.queues.get(name);
  const many = counted((queue?.waiting ?? 0) + (queue?.delayed ?? 0), 'waiting or delayed item');
  if (!await sure(`Purge ${name}?`, `Discards ${many}. There is no way back.`, 'Purge')) return;
  await act(path('queues', name, 'purge'), {}, ({discarded}) => `${counted(discarded, 'item')} of ${name} discarded`);
}

const small = (text, label, onclick, kind = '') =>
    element('button', {type: 'button', class: `small ${kind}`, 'aria-label': label, onclick}, text);

// Ends the item for good. `after` is called when that was done.
export const cancelButton = (queue, id, held, after, verb = 'Cancel') =>
    small(`${verb}…`, `${verb} item ${id}`, async () => await cancelItem(queue, id, held, verb) && after(), 'danger');

export const redriveButton = (queue, id, after) =>
    small('Redrive', `Redrive item ${id}`, async () => { await redrive(queue, {item_ids: [id]}); after(); });

export const smallButton = small;
