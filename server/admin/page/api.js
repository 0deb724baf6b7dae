// Asking the server, and having it do something.
import {askIn} from './ask.js';
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

async function askForToken() {
  const dialog = document.getElementById('token-dialog');
  const input = element('input', {type: 'password', id: 'token', autocomplete: 'off', required: true});
  const value = await askIn(
      dialog, element('h3', {id: 'token-dialog-title'}, 'The server asks for its token'),
      element('p', {}, element('label', {for: 'token'}, 'admin.token of its configuration, kept until this tab is closed')), input,
      element('div', {class: 'buttons'}, element('button', {value: '', formnovalidate: true}, 'Back'),
              element('button', {value: 'yes'}, 'Use it')));
  if (value !== 'yes') return false;
  sessionStorage.setItem(kTokenKey, input.value);
  return true;
}

// Has the server do something; false if it did not. Problems are told to the user.
export async function act(target, body, told, method = 'POST') {
  const headers = {'Content-Type': 'application/json', Accept: 'application/json'};
  const token = sessionStorage.getItem(kTokenKey);
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const answer = await fetch(`api/v1/${target}`, {method, headers, body: JSON.stringify(body ?? {})});
    if (answer.status === 401) return (await askForToken()) && act(target, body, told, method);
    if (!answer.ok) throw new Error(await reason(answer));
    const result = await answer.json();
    say(typeof told === 'function' ? told(result) : told);
    return true;
  } catch (error) {
    say(error.message, true);
    return false;
  }
}
