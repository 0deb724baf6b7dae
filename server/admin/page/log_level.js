// How much the server logs.
import {act, look} from './api.js';
import {element} from './format.js';

const kLevels = ['debug', 'info', 'warn', 'error'];

export async function startLogLevel(into) {
  const select = element('select', {id: 'log-level'}, ...kLevels.map((level) => element('option', {value: level}, level)));
  const show = async () => { select.value = (await look('log')).level; };
  select.addEventListener('change', async () => {
    const went = await act('log', {level: select.value}, `The server logs from "${select.value}" on, until it ends`, 'PUT');
    if (!went) await show();
  });
  await show();
  into.replaceChildren(element('label', {for: 'log-level'}, 'Log'), ' ', select);
}
