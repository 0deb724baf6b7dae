// Asking the server, and having it do something.
import {element} from './format.js';

const kTokenKey = 'sluice-admin-token';

export const path = (...parts) => parts.map(encodeURIComponent).join('/');

export async function look(target) {
  const answer = await fetch(`api/v1/${target}`, {headers: {Accept: 'application/json'}});
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

async function reason(answer) {
  const problem = await answer.json().catch(() => null);
  return problem?.detail ?? `the server answered ${answer.status}`;
}

let hiding;
export function say(text, bad = false) {
  const message = document.getElementById('message');
  message.textContent = text;
  message.dataset.bad = bad;
  message.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { message.hidden = true; }, bad ? 8000 : 4000);
}

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

// True if it shall be done.
export async function sure(title, text, verb) {
  const dialog = document.getElementById('sure-dialog');
  const value = await askIn(
      dialog, element('h3', {id: 'sure-dialog-title'}, title), element('p', {}, text),
      element('div', {class: 'buttons'}, element('button', {value: ''}, 'Cancel'),
              element('button', {value: 'yes', class: 'danger'}, verb)));
  return value === 'yes';
}

async function askForToken() {
  const dialog = document.getElementById('token-dialog');
  const input = element('input', {type: 'password', id: 'token', autocomplete: 'off', required: true});
  const value = await askIn(
      dialog, element('h3', {id: 'token-dialog-title'}, 'The server asks for its token'),
      element('p', {}, element('label', {for: 'token'}, 'admin.token of its configuration, kept until this tab is closed')), input,
      element('div', {class: 'buttons'}, element('button', {value: '', formnovalidate: true}, 'Cancel'),
              element('button', {value: 'yes'}, 'Use it')));
  if (value !== 'yes') return false;
  sessionStorage.setItem(kTokenKey, input.value);
  return true;
}

// Has the server do something; false if it did not. Problems are told to the user.
export async function act(target, body, told) {
  const headers = {'Content-Type': 'application/json', Accept: 'application/json'};
  const token = sessionStorage.getItem(kTokenKey);
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const answer = await fetch(`api/v1/${target}`, {method: 'POST', headers, body: JSON.stringify(body ?? {})});
    if (answer.status === 401) return (await askForToken()) && act(target, body, told);
    if (!answer.ok) throw new Error(await reason(answer));
    const result = await answer.json();
    say(typeof told === 'function' ? told(result) : told);
    return true;
  } catch (error) {
    say(error.message, true);
    return false;
  }
}
