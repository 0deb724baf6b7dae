// A stage in words.
import {count, counted} from './format.js';
import {workersAt} from './workers.js';

export const isRemote = (stage) => stage.spec.handler === 'remote';
export const inServer = (stage) => Math.max(stage.workers, stage.spec.workers);

// Of its remote workers those that hold an item; null if that is not known.
export function busyRemote(pipeline, stage) {
  if (!stage.remote_workers) return 0;
  const known = workersAt(pipeline, stage.spec.name);
  // Who has come since then has not been asked.
  return known && Math.min(stage.remote_workers, known.filter(({in_flight}) => in_flight > 0).length);
}

export function serverText(stage) {
  if (inServer(stage)) return `${stage.busy_workers} of ${inServer(stage)} busy`;
  return stage.remote_workers ? '' : 'no worker';
}

export function remoteText(pipeline, stage) {
  if (!stage.remote_workers) return '';
  const busy = busyRemote(pipeline, stage);
  return busy == null ? `${count(stage.remote_workers)} remote` : `${count(busy)} of ${count(stage.remote_workers)} remote busy`;
}

export function notesOf(stage) {
  const notes = [];
  if (stage.state === 'STAGE_STATE_PAUSED') notes.push('paused');
  if (stage.state === 'STAGE_STATE_FINISHED') notes.push('finished');
  if (stage.waits_for_workers) notes.push(`starts with ${stage.spec.start_workers}, ${stage.ready_workers} ready`);
  if (stage.failed) notes.push(`${count(stage.failed)} failed`);
  return notes.join(' · ');
}

function startOf({spec, waits_for_workers, ready_workers}) {
  if (!spec.start_workers) return null;
  const wanted = `with ${counted(spec.start_workers, 'worker')}`;
  return waits_for_workers ? `${wanted}; ${count(ready_workers)} ready` : `${wanted}; has started`;
}

export function factsOf(pipeline, stage) {
  const {spec} = stage;
  const remote = remoteText(pipeline, stage);
  return [
    ['Takes from', spec.input], ['Puts into', spec.output || 'nothing'],
    ['Runs', isRemote(stage) ? 'at remote workers only' : spec.handler],
    ['Workers', inServer(stage) ? serverText(stage) : null],
    ['Remote workers', remote ? `${remote.replace(' remote', '')}, with ${counted(stage.remote_items, 'item')}` : isRemote(stage) ? 'none' : null],
    ['Starts', startOf(stage)],
    ['Limits', spec.limits.join(', ')],
    ['Succeeded', count(stage.succeeded)], ['Failed', count(stage.failed)],
  ];
}
