// Remote workers: who is attached, and at what.
import {look} from './api.js';
import {clock, count, setData, setText} from './format.js';
import {Asked, rowOf} from './rows.js';
import {changed, state} from './state.js';
import {stageButton} from './tables.js';

const kShown = 200;

let attached = [];
let isAll = false;  // nobody is missing
const byStage = new Map();
const keyOf = (pipeline, stage) => `${pipeline} ${stage}`;

// Those of a stage, as they were when last asked for; null if not all are known.
export const workersAt = (pipeline, stage) => isAll ? byStage.get(keyOf(pipeline, stage)) ?? [] : null;

function remember({workers, next_page_token}) {
  attached = workers;
  isAll = !next_page_token;
  byStage.clear();
  for (const worker of workers) {
    const key = keyOf(worker.pipeline, worker.stage);
    byStage.set(key, [...byStage.get(key) ?? [], worker]);
  }
  changed();
}

const isAnyAttached = () => [...state.pipelines.values()].some(({stages}) => stages.some((stage) => stage.remote_workers));

// Without any, nobody is asked.
async function lookForWorkers() {
  if (attached.length || isAnyAttached()) remember(await look('workers?page_size=1000'));
  else isAll = true;
  return attached;
}

function workerRow({name, pipeline, stage}) {
  const row = rowOf(name, 7, 3);
  row.parts[1].append(stageButton(pipeline, stage));
  row.parts[6].className = '';
  return row;
}

export const workers = new Asked('workers', lookForWorkers, (rows, all) => {
  const shown = all.slice(0, kShown);
  rows.show(shown, ({worker_id}) => worker_id, workerRow, (row, worker) => {
    const [host, , now, holds, done, failed, since] = row.parts;
    setText(host, worker.host);
    setText(now, worker.in_flight ? 'busy' : 'idle');
    setText(holds, count(worker.in_flight));
    setText(done, count(worker.done));
    setText(failed, count(worker.failed));
    setText(since, clock(worker.attach_time));
    setData(row, 'busy', worker.in_flight > 0);
  });
  return shown.length;
});
