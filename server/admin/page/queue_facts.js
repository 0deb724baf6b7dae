// A queue in words. What is set as it is by default, or never happened, goes without saying.
import {count, counted, exact, rate, seconds, span} from './format.js';

const kOrders = {QUEUE_ORDER_LIFO: 'the newest first', QUEUE_ORDER_PRIORITY: 'the smallest priority first'};

const unless = (value, usual, text) => value === usual ? null : text;
const joined = (parts) => parts.filter((part) => part).join(', ');
const some = (number, noun) => number ? counted(number, noun) : null;

function retryOf(retry) {
  const first = seconds(retry.initial_backoff);
  const most = seconds(retry.max_backoff);
  const isUsual = first === 1 && most === 300 && retry.multiplier === 2;
  const wait = first === most || retry.multiplier === 1 ? exact(first) : `${exact(first)} to ${exact(most)}, each × ${retry.multiplier}`;
  return joined([
    unless(retry.max_attempts, 5, retry.max_attempts ? `at most ${counted(retry.max_attempts, 'attempt')}` : 'without limit'),
    isUsual ? null : `after ${wait}`,
    unless(retry.jitter, 0.2, retry.jitter ? `jitter ${Math.round(retry.jitter * 100)} %` : 'no jitter'),
    retry.max_lost_attempts ? `${counted(retry.max_lost_attempts, 'attempt')} may be lost` : null,
  ]);
}

function deadOf({name, settings}) {
  const target = settings.dead_letter_queue;
  if (target === `${name}.dead` || (target === '-' && name.endsWith('.dead'))) return null;
  return target === '-' ? 'are dropped' : `go to ${target}`;
}

function lifeOf({time_to_live, dead_letter_expired}) {
  const life = seconds(time_to_live);
  return life ? `${exact(life)}, then ${dead_letter_expired ? 'dead letters' : 'dropped'}` : null;
}

function settingsOf(queue) {
  const {settings} = queue;
  const lease = seconds(settings.lease_duration);
  const window_ = seconds(settings.dedup_window);
  const final = settings.retry.final_exit_codes?.codes ?? [];
  return [
    ['Order', kOrders[settings.order]],
    ['Kept', settings.durability === 'DURABILITY_MEMORY' ? 'in memory, until the server ends' : null],
    ['Lease', unless(lease, 60, exact(lease))],
    ['Retries', retryOf(settings.retry)],
    ['Not retried', final.length ? `exit code ${final.join(', ')}` : null],
    ['Dead letters', deadOf(queue)],
    ['Time to live', lifeOf(settings)],
    ['Dedup window', unless(window_, 600, exact(window_))],
    ['Pipeline', queue.pipeline],
  ];
}

export function factsOf(queue) {
  const {counters, settings} = queue;
  return [
    ['Waiting', count(queue.waiting)], ['Delayed', count(queue.delayed)], ['Leased', count(queue.leased)],
    ['Capacity', settings.capacity ? count(settings.capacity) : 'unbounded'],
    ['Oldest', span(seconds(queue.oldest_age))],
    ['In', `${rate(queue.rates.put)}/s, ${count(counters.put)} in all`],
    ['Done', `${rate(queue.rates.done)}/s, ${count(counters.done)} in all`],
    ['Kept waiting', joined([some(queue.waiting_puts, 'put'), some(queue.waiting_gets, 'get'), some(queue.waiting_joins, 'join')])],
    ['Attempts failed', some(counters.failed, 'attempt')],
    ['Leases lost', some(counters.lease_lost, 'lease')],
    ['Retried', some(counters.retried, 'item')],
    ['Dead', some(counters.dead_lettered, 'item')],
    ['Ended early', joined([counters.cancelled ? `${count(counters.cancelled)} cancelled` : null,
                            counters.expired ? `${count(counters.expired)} expired` : null,
                            counters.discarded ? `${count(counters.discarded)} discarded` : null])],
    ['Redriven', some(counters.redriven, 'item')],
    ['Duplicates', some(counters.duplicates, 'put')],
    ['Refused', some(counters.rejected, 'put')],
    ...settingsOf(queue),
    ['Since', new Date(queue.create_time).toLocaleString()],
  ];
}
