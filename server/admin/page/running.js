// What is worked on: by the workers of stages, and by whoever else holds items.
import {look, path} from './api.js';
import {element} from './format.js';
import {cancelButton} from './item_actions.js';
import {state} from './state.js';

const kQueues = 20;   // that are looked into for items that others hold
const kOfOneQueue = 20;

function stagesByInput() {
  const stages = new Map();
  for (const pipeline of state.pipelines.values()) {
    for (const stage of pipeline.stages) {
      const {input} = stage.spec;
      stages.set(input, [...stages.get(input) ?? [], {pipeline: pipeline.name, stage}]);
    }
  }
  return stages;
}

// Those of a queue that are not among the `listed` ones, of which it has `known`. Whoever holds an item of a stage with remote workers
// is taken for one of them: of these only so many are listed.
async function heldElsewhere(queue, stages, listed, known) {
  const size = Math.min(1000, known + kOfOneQueue);
  const {items} = await look(`${path('queues', queue, 'items')}?state=leased&max_payload_bytes=0&page_size=${size}`);
  const remote = stages.find(({stage}) => stage.remote_items > 0);
  // Also those that have been handed out to the server's workers since they were asked.
  const isHere = ({item_id, consumer}) => listed.has(item_id) || stages.some(({stage}) => stage.workers && stage.spec.name === consumer);
  return items.filter((item) => !isHere(item)).slice(0, kOfOneQueue)
      .map((item) => ({...item, queue, pipeline: remote?.pipeline ?? '', stage: remote?.stage.spec.name ?? ''}));
}

export async function lookForRunning() {
  const {running} = await look('running');
  const listed = new Set(running.map(({item_id}) => item_id));
  const known = new Map();
  for (const {queue} of running) known.set(queue, (known.get(queue) ?? 0) + 1);
  const stages = stagesByInput();
  const knownOf = (name) => known.get(name) ?? 0;
  const others = [...state.queues.values()].filter(({name, leased}) => leased > knownOf(name)).slice(0, kQueues);
  const held = await Promise.all(
      others.map(({name}) => heldElsewhere(name, stages.get(name) ?? [], listed, knownOf(name)).catch(() => [])));
  return {running: [...running, ...held.flat()]};
}

export const holderOf = ({pid, consumer, worker}) => worker || consumer || (pid ? `process ${pid}` : 'the server');

// The last cell of a row.
export function addActions(row, item, after) {
  const cell = row.parts[row.parts.length - 1];
  cell.className = 'actions';
  cell.append(element('div', {class: 'buttons'}, cancelButton(item.queue, item.item_id, true, after)));
}
