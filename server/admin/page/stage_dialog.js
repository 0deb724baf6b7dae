// One stage, with what one can do to it.
import {act, path} from './api.js';
import {count, element, span} from './format.js';
import {onChange, serverNow, state} from './state.js';

const dialog = document.getElementById('stage-dialog');
let shown = null;  // names of pipeline and stage
let parts = null;

const found = () => state.pipelines.get(shown.pipeline)?.stages.find((stage) => stage.spec.name === shown.stage);

function draw() {
  const stage = found();
  if (!stage) return;
  const facts = [
    ['Takes from', stage.spec.input], ['Puts into', stage.spec.output || 'nothing'], ['Runs', stage.spec.handler],
    ['Workers', `${stage.busy_workers} of ${Math.max(stage.workers, stage.spec.workers)} busy`], ['Succeeded', count(stage.succeeded)], ['Failed', count(stage.failed)],
  ];
  parts.facts.replaceChildren(...facts.map(([key, value]) => element('div', {}, element('dt', {}, key), element('dd', {}, value))));
  parts.pause.hidden = stage.state !== 'STAGE_STATE_RUNNING';
  parts.resume.hidden = stage.state !== 'STAGE_STATE_PAUSED';
  parts.running.replaceChildren(...stage.running.slice(0, 20).map((item) => element(
      'li', {}, element('code', {}, String(item.item_id)),
      element('span', {class: 'dim'}, ` for ${span((serverNow() - Date.parse(item.start_time)) / 1000)}${item.pid ? `, process ${item.pid}` : ''}`))));
  if (!stage.running.length) parts.running.append(element('li', {class: 'dim'}, 'nothing'));
}

export function openStage(pipeline, name) {
  shown = {pipeline, stage: name};
  const target = (verb) => path('pipelines', pipeline, 'stages', name, verb);
  const button = (text, onclick, kind = '') => element('button', {type: 'button', class: kind, onclick}, text);
  const workers = element('input', {type: 'number', id: 'workers', min: '0', max: '1000', required: true, value: found()?.spec.workers ?? 1});
  const scale = (event) => {
    event.preventDefault();
    act(target('scale'), {workers: Number(workers.value)}, `${name} has ${workers.value} workers`);
  };
  parts = {
    facts: element('dl', {class: 'facts'}),
    running: element('ul', {class: 'items'}),
    pause: button('Pause', () => act(target('pause'), {}, `${name} is paused`)),
    resume: button('Resume', () => act(target('resume'), {}, `${name} runs`)),
  };
  dialog.replaceChildren(
      element('div', {class: 'bar'}, element('h3', {id: 'stage-dialog-title'}, name), button('×', () => dialog.close(), 'quiet')),
      parts.facts,
      element('form', {class: 'buttons left', onsubmit: scale}, parts.pause, parts.resume, element('label', {for: 'workers'}, 'Workers'),
              workers, element('button', {id: 'scale'}, 'Scale')),
      element('h4', {}, 'Working on'), parts.running);
  dialog.querySelector('.quiet').setAttribute('aria-label', 'Close this');
  draw();
  if (!dialog.open) dialog.showModal();
}

onChange(() => { if (dialog.open) draw(); });
