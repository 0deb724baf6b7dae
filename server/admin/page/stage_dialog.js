// One stage, with what one can do to it.
import {act, path} from './api.js';
import {counted, drawFacts, element, setHidden, span} from './format.js';
import {progressText} from './progress.js';
import {factsOf, isRemote} from './stage_facts.js';
import {onChange, serverNow, state} from './state.js';
import {workersAt} from './workers.js';

const kListed = 20;

const dialog = document.getElementById('stage-dialog');
let shown = null;  // names of pipeline and stage
let parts = null;

const found = () => state.pipelines.get(shown.pipeline)?.stages.find((stage) => stage.spec.name === shown.stage);

const line = (name, told) => element('li', {}, element('div', {}, element('code', {}, name), element('span', {class: 'dim'}, ` ${told}`)));

const runningLine = (item) => line(String(item.item_id), `for ${span((serverNow() - Date.parse(item.start_time)) / 1000)}` +
                                   (item.pid ? `, process ${item.pid}` : '') + (item.progress ? `: ${progressText(item.progress)}` : ''));

const workerLine = (worker) => line(worker.name, `from ${worker.host}, ` +
                                    (worker.in_flight ? `holds ${counted(worker.in_flight, 'item')}` : 'idle'));

function draw() {
  const stage = found();
  if (!stage) return;
  drawFacts(parts.facts, factsOf(shown.pipeline, stage));
  setHidden(parts.pause, stage.state !== 'STAGE_STATE_RUNNING');
  setHidden(parts.resume, stage.state !== 'STAGE_STATE_PAUSED');
  for (const part of parts.scale) setHidden(part, isRemote(stage));
  // Those of remote workers are told with their workers.
  const here = stage.running.filter(({worker}) => !worker);
  parts.running.replaceChildren(...here.slice(0, kListed).map(runningLine));
  if (!here.length) parts.running.append(element('li', {class: 'dim'}, 'nothing'));
  for (const part of [parts.here, parts.running]) setHidden(part, isRemote(stage));
  const remote = workersAt(shown.pipeline, shown.stage) ?? [];
  parts.remote.replaceChildren(...remote.slice(0, kListed).map(workerLine));
  if (remote.length > kListed) parts.remote.append(element('li', {class: 'dim'}, `and ${remote.length - kListed} more`));
  for (const part of [parts.away, parts.remote]) setHidden(part, !remote.length);
}

export function openStage(pipeline, name) {
  shown = {pipeline, stage: name};
  const target = (verb) => path('pipelines', pipeline, 'stages', name, verb);
  const button = (text, onclick, kind = '') => element('button', {type: 'button', class: kind, onclick}, text);
  const workers = element('input', {type: 'number', id: 'workers-wanted', min: '0', max: '1000', required: true, value: found()?.spec.workers ?? 1});
  const scale = (event) => {
    event.preventDefault();
    act(target('scale'), {workers: Number(workers.value)}, `${name} has ${workers.value} workers`);
  };
  parts = {
    facts: element('dl', {class: 'facts'}),
    here: element('h4', {}, 'Working on'),
    running: element('ul', {class: 'items'}),
    away: element('h4', {}, 'Remote workers'),
    remote: element('ul', {class: 'items'}),
    pause: button('Pause', () => act(target('pause'), {}, `${name} is paused`)),
    resume: button('Resume', () => act(target('resume'), {}, `${name} runs`)),
    scale: [element('label', {for: 'workers-wanted'}, 'Workers'), workers, element('button', {id: 'scale'}, 'Scale')],
  };
  dialog.replaceChildren(
      element('div', {class: 'bar'}, element('h3', {id: 'stage-dialog-title'}, name), button('×', () => dialog.close(), 'quiet')),
      parts.facts, element('form', {class: 'buttons left', onsubmit: scale}, parts.pause, parts.resume, ...parts.scale),
      parts.here, parts.running, parts.away, parts.remote);
  dialog.querySelector('.quiet').setAttribute('aria-label', 'Close this');
  draw();
  if (!dialog.open) dialog.showModal();
}

onChange(() => { if (dialog.open) draw(); });
