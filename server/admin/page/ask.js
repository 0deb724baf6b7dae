// Questions to the user, each in a dialog of its own.
import {element} from './format.js';

// Shows a dialog with buttons of these values; the value of the one that was pressed, or ''.
export function askIn(dialog, ...children) {
  return new Promise((resolve) => {
    const form = element('form', {method: 'dialog'}, ...children);
    dialog.replaceChildren(form);
    dialog.returnValue = '';
    dialog.addEventListener('close', () => resolve(dialog.returnValue), {once: true});
    dialog.showModal();
  });
}

const title = (dialog, text) => element('h3', {id: `${dialog.id}-title`}, text);

// Null if it shall not be done. `option` is a box to tick, and the answer says whether it was.
export async function sure(heading, text, verb, option) {
  const dialog = document.getElementById('sure-dialog');
  const box = option ? element('input', {type: 'checkbox'}) : null;
  const value = await askIn(
      dialog, title(dialog, heading), element('p', {}, text), box && element('label', {class: 'option'}, box, option),
      element('div', {class: 'buttons'}, element('button', {value: ''}, 'Back'),
              element('button', {value: 'yes', class: 'danger'}, verb)));
  return value === 'yes' ? {ticked: Boolean(box?.checked)} : null;
}

// `fields` are inputs by their label. Null if nothing shall be done; else their values, in this order.
export async function askFor(heading, text, fields, verb) {
  const dialog = document.getElementById('form-dialog');
  const inputs = Object.entries(fields).map(([label, properties]) => {
    const {options, ...rest} = properties;
    const input = element('input', {autocomplete: 'off', list: options && `${rest.id}-options`, ...rest});
    const list = options && element('datalist', {id: `${rest.id}-options`}, ...options.map((value) => element('option', {value})));
    return {input, row: element('div', {class: 'field'}, element('label', {for: rest.id}, label), input, list)};
  });
  // The only button that submits is the one that the return key presses.
  const back = element('button', {type: 'button', onclick: () => dialog.close()}, 'Back');
  const value = await askIn(dialog, title(dialog, heading), element('p', {}, text), ...inputs.map(({row}) => row),
                            element('div', {class: 'buttons'}, back, element('button', {value: 'yes'}, verb)));
  return value === 'yes' ? inputs.map(({input}) => input.value) : null;
}
