// An item in words. What is as it mostly is goes without saying.
import {clock, exact, span} from './format.js';
import {progressText} from './progress.js';
import {serverNow} from './state.js';

const left = (time) => Math.max(0, (Date.parse(time) - serverNow()) / 1000);

function stateOf(item) {
  switch (item.state) {
    case 'ITEM_STATE_DELAYED': return `delayed for ${span(left(item.due_time))}, until ${clock(item.due_time)}`;
    case 'ITEM_STATE_LEASED': return `held by ${item.consumer || 'a consumer'}${item.progress ? `, ${progressText(item.progress)}` : ''}`;
    default: return `waiting, put at ${clock(item.put_time)}`;
  }
}

// How often it was handed out before, or which time this is.
function attemptOf({state, attempt}) {
  if (state === 'ITEM_STATE_LEASED') return attempt > 1 ? `attempt ${attempt}` : null;
  if (!attempt) return null;
  return attempt === 1 ? 'tried once' : `tried ${attempt} times`;
}

// What its producer said of it.
export function traitsOf(item) {
  return [
    item.priority ? `priority ${item.priority}` : null,
    item.expire_time ? `expires in ${exact(left(item.expire_time))}` : null,
    item.dedup_key ? `dedup key ${item.dedup_key}` : null,
    item.unique_key ? `unique key ${item.unique_key}` : null,
    item.order_key ? `order key ${item.order_key}` : null,
    item.job_id ? `job ${item.job_id}` : null,
  ].filter((fact) => fact);
}

export function failureOf(item) {
  const failure = item.last_failure;
  if (!failure) return null;
  const where = failure.stage ? ` in ${failure.stage}` : '';
  return failure.message ? `${failure.reason}${where}: ${failure.message}` : `${failure.reason}${where}`;
}

export function factsOfItem(item) {
  const failure = failureOf(item);
  return [stateOf(item), attemptOf(item), item.dead_from ? `from ${item.dead_from}` : null, ...traitsOf(item),
          failure && `last failure ${failure}`].filter((fact) => fact).join(' · ');
}

export const payloadOf = (item) => item.payload ?? `(${item.payload_bytes} bytes that are no text)`;
