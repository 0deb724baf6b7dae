// What was, over time. dygraphs comes when the page stands: nothing waits for it.

import {element} from './format.js';

let charts = null;

function load() {
  return new Promise((resolve, reject) => {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = 'page/dygraph.min.css';
    const script = document.createElement('script');
    script.src = 'page/dygraph.min.js';
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(style, script);
  });
}

const colorOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Instead of dygraphs' own legend, which needs styles in its markup, and those the page's policy forbids.
function drawKey(key, labels, colors) {
  const parts = labels.map((label, index) => {
    const swatch = element('i', {class: 'swatch'});
    swatch.style.background = colorOf(colors[index]);
    return element('span', {}, swatch, label);
  });
  document.getElementById(key).replaceChildren(...parts);
}

function make(id, key, labels, colors) {
  drawKey(key, labels, colors);
  const options = {
    labels: ['time', ...labels],
    colors: colors.map(colorOf),
    axisLineColor: colorOf('--line'),
    gridLineColor: colorOf('--line'),
    axisLabelFontSize: 11,
    strokeWidth: 1.75,
    fillGraph: true,
    fillAlpha: 0.08,
    includeZero: true,
    axisLabelColor: colorOf('--dim'),
    highlightCircleSize: 0,
    axes: {y: {axisLabelWidth: 44}},
  };
  return new window.Dygraph(document.getElementById(id), [[new Date(), ...labels.map(() => 0)]], options);
}

function makeAll() {
  charts?.forEach((chart) => chart.destroy());
  charts = [
    make('rates-chart', 'rates-key', ['in', 'done'], ['--accent', '--good']),
    make('depths-chart', 'depths-key', ['unfinished', 'leased'], ['--accent', '--warm']),
  ];
}

let drawn = 0;
export function drawCharts(state) {
  const last = state.history[state.history.length - 1];
  if (!charts || !last || last.time === drawn) return;
  drawn = last.time;
  const window_ = [Math.min(state.history[0].time, last.time - 60e3), last.time];
  charts[0].updateOptions({file: state.history.map((each) => [new Date(each.time), each.put, each.done]), dateWindow: window_});
  charts[1].updateOptions({file: state.history.map((each) => [new Date(each.time), each.unfinished, each.leased]), dateWindow: window_});
}

export async function startCharts(state) {
  await load();
  const {Dygraph} = window;
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
  makeAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    makeAll();
    drawn = 0;
    drawCharts(state);
  });
  drawCharts(state);
}
