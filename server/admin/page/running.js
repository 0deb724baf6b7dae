// What is worked on: in the server, and by whoever else holds items.
import {look, path} from './api.js';
import {element} from './format.js';
import {cancelButton} from './item_actions.js';
import {state} from './state.js';

const kQueues = 20;   // that are looked into for items that are held outside of the server
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

// Those of a queue that no worker of the server has. Whoever holds an item of a stage with remote workers is taken for one of them.
async function heldElsewhere(queue, stages, inServer) {
  const busy = stages.reduce((sum, {stage}) => sum + stage.busy_workers, 0);
  const size = Math.min(1000, busy + kOfOneQueue);
  const {items} = await look(`${path('queues', queue, 'items')}?state=leased&max_payload_bytes=0&page_size=${size}`);
  const remote = stages.find(({stage}) => stage.remote_items > 0);
  // Also those that have been handed out to the server's workers since they were asked.
  const isHere = ({item_id, consumer}) => inServer.has(item_id) || stages.some(({stage}) => stage.workers && stage.spec.name === consumer);
  return items.filter((item) => !isHere(item)).slice(0, kOfOneQueue)
      .map((item) => ({...item, queue, pipeline: remote?.pipeline ?? '', stage: remote?.stage.spec.name ?? ''}));
}

export async function lookForRunning() {
  const {running} = await look('running');
  const inServer = new Set(running.map(({item_id}) => item_id));
  const stages = stagesByInput();
  const busyOf = (name) => (stages.get(name) ?? []).reduce((sum, {stage}) => sum + stage.busy_workers, 0);
  const others = [...state.queues.values()].filter(({name, leased}) => leased > busyOf(name)).slice(0, kQueues);
  const held = await Promise.all(others.map(({name}) => heldElsewhere(name, stages.get(name) ?? [], inServer).catch(() => [])));
  return {running: [...running, ...held.flat()]};
}

export const holderOf = ({pid, consumer}) => consumer || (pid ? `process ${pid}` : 'the server');

// The last cell of a row.
export function addActions(row, item, after) {
  const cell = row.parts[row.parts.length - 1];
  cell.className = 'actions';
  cell.append(element('div', {class: 'buttons'}, cancelButton(item.queue, item.item_id, true, after)));
}
