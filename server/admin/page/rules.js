// Besides queues and stages: jobs and their batches, limits, schedules. Each list shows itself when it holds something.
import {act, path} from './api.js';
import {askFor} from './ask.js';
import {count, element, setData, setText, span} from './format.js';
import {smallButton} from './item_actions.js';
import {showProgress} from './progress.js';
import {Asked, lookAgain, rowOf} from './rows.js';
import {serverNow} from './state.js';
import {nameButton} from './tables.js';

const kShown = 50;

const kBatchStates = {BATCH_STATE_OPEN: 'open', BATCH_STATE_DONE: 'done', BATCH_STATE_ABANDONED: 'abandoned'};

// The oldest: what should have ended is among them.
const jobs = new Asked('jobs', `jobs?state=running&page_size=${kShown}`, (rows, answer) => {
  rows.show(answer.jobs, ({job_id}) => job_id, ({job_id}) => rowOf(String(job_id), 5, 3), (row, job) => {
    const [queue, batch, progress, items, age] = row.parts;
    if (!queue.firstChild) queue.append(nameButton(job.queue));
    setText(batch, job.batch_id || '–');
    showProgress(progress, job.progress);
    setText(items, count(job.items));
    setText(age, span(Math.max(0, (serverNow() - Date.parse(job.submit_time)) / 1000)));
  });
  return answer.jobs.length;
});

const batches = new Asked('batches', 'batches?page_size=1000', (rows, answer) => {
  // The newest are the last.
  const shown = answer.batches.slice(-kShown).reverse();
  rows.show(shown, ({batch_id}) => batch_id, ({batch_id}) => rowOf(String(batch_id), 5, 1), (row, batch) => {
    const [state, running, succeeded, failed, bar] = row.parts;
    setText(state, kBatchStates[batch.state] ?? batch.state);
    const ended = batch.succeeded + batch.failed;
    setText(running, count(batch.jobs - ended));
    setText(succeeded, count(batch.succeeded));
    setText(failed, count(batch.failed));
    if (!bar.firstChild) bar.append(element('progress', {'aria-label': 'Jobs that have ended'}));
    bar.firstChild.max = batch.jobs || 1;
    bar.firstChild.value = ended;
  });
  return shown.length;
});

function rateOf({per_second, burst}) {
  if (!per_second) return '–';
  return burst > 1 ? `${per_second}/s, burst ${count(burst)}` : `${per_second}/s`;
}

async function change({name, max_at_once, per_second, burst}) {
  const wanted = await askFor(
      `Change the limit ${name}`, 'It holds at once, for all stages that name it. 0 is without limit; one of the first two is more.',
      {'Items at once': {id: 'limit-at-once', type: 'number', min: '0', max: '1000000', required: true, value: max_at_once},
       'Items a second': {id: 'limit-per-second', type: 'number', min: '0', max: '1000000', step: 'any', required: true, value: per_second},
       'Of them after a pause, at once': {id: 'limit-burst', type: 'number', min: '1', max: '1000000', required: true, value: burst}}, 'Change');
  if (!wanted) return;
  const [at_once, a_second, burst_] = wanted.map(Number);
  await act(path('limits', name, 'update'), {max_at_once: at_once, per_second: a_second, burst: burst_}, `The limit ${name} is changed`);
  limits.ask();
}

function limitRow({spec: {name}}) {
  const row = rowOf(name, 5, 0);
  for (const cell of row.parts.slice(2)) cell.className = '';
  row.parts[4].className = 'actions';
  row.parts[4].append(element('div', {class: 'buttons'}, smallButton('Change…', `Change the limit ${name}`, () => change(row.spec))));
  return row;
}

const namesOf = (stages) => stages.map(({pipeline, stage}) => `${pipeline} / ${stage}`).join(', ') || '–';

const limits = new Asked('limits', `limits?page_size=${kShown}`, (rows, answer) => {
  rows.show(answer.limits, ({spec}) => spec.name, limitRow, (row, limit) => {
    const [used, rate, stages, waiting] = row.parts;
    const most = limit.spec.max_at_once;
    row.spec = limit.spec;
    setText(used, most ? `${count(limit.in_use)} of ${count(most)}` : count(limit.in_use));
    setText(rate, rateOf(limit.spec));
    setText(stages, namesOf(limit.stages));
    setText(waiting, namesOf(limit.waiting));
    setData(row, 'stalled', limit.waiting.length > 0);
  });
  return answer.limits.length;
});

const timesOf = ({cron, time_zone, every}) => cron ? `${cron} ${time_zone || 'UTC'}` : `every ${every}`;

function nextOf({paused, waiting, next_time}) {
  if (paused) return 'paused';
  if (waiting) return 'waits for room';
  return `in ${span(Math.max(0, (Date.parse(next_time) - serverNow()) / 1000))}`;
}

function scheduleRow({spec}) {
  const row = rowOf(spec.name, 7, 3);
  row.parts[0].append(nameButton(spec.queue));
  const button = element('button', {type: 'button', class: 'small', onclick: () => act(path('schedules', spec.name, row.verb), {}, () => {
    schedules.ask();
    return row.verb === 'pause' ? `${spec.name} is paused` : `${spec.name} ticks again`;
  })});
  row.button = button;
  row.parts[6].append(button);
  return row;
}

const schedules = new Asked('schedules', `schedules?page_size=${kShown}`, (rows, answer) => {
  rows.show(answer.schedules, ({spec}) => `${spec.name} ${spec.queue}`, scheduleRow, (row, schedule) => {
    const [, times, next, put, skipped, refused] = row.parts;
    setText(times, timesOf(schedule.spec));
    setText(next, nextOf(schedule));
    setText(put, count(schedule.put));
    setText(skipped, count(schedule.skipped));
    setText(refused, count(schedule.refused));
    row.verb = schedule.paused ? 'resume' : 'pause';
    setText(row.button, schedule.paused ? 'Resume' : 'Pause');
    setData(row, 'stalled', schedule.last_error !== '' || schedule.waiting > 0);
    if (row.title !== schedule.last_error) row.title = schedule.last_error;
  });
  return answer.schedules.length;
});

export const lookForRules = () => lookAgain(jobs, batches, limits, schedules);
