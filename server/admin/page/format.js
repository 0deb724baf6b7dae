// Numbers, times and elements for people.

const counts = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

export function count(value) {
  // The most frequent by far, and a formatter costs.
  if (value < 1e3) return String(Math.round(value));
  return value < 1e6 ? counts.format(value) : `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} M`;
}

export function rate(value) {
  if (!value) return '0';
  if (value < 10) return value.toFixed(1);
  return count(Math.round(value));
}

// Seconds as "4 s", "2 min", "3 h", "5 d".
export function span(seconds) {
  if (seconds == null) return '–';
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

// The same where there is little room: "2 min".
export const brief = (value) => value < 1 ? '< 1 s' : span(value).split(' ').slice(0, 2).join(' ');

// "1 item", "2 items".
export const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

// Of what was set by somebody, in round numbers: "5 min", not "5 min 0 s".
export const exact = (value) => span(value).replace(/ 0 (s|min|h)$/, '').replace('.0 s', ' s');

// "1.500s", as the API has it.
export const seconds = (text) => text == null ? null : Number.parseFloat(text);

// Of another day with its date.
export function clock(text) {
  const time = new Date(text);
  const hour = time.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit', second: '2-digit'});
  return time.toDateString() === new Date().toDateString() ? hour : `${time.toLocaleDateString()} ${hour}`;
}

// element('button', {class: 'quiet', onclick: act}, 'Pause', ...): text is always text, never markup.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

// These change the page only where it differs. What an element shows is remembered with it, because asking the page is slow, and
// its text is changed in place, because a new one would have to be laid out anew.
export function setText(target, value) {
  const text = String(value);
  if (target.shown === text) return;
  target.shown = text;
  const only = target.childNodes.length === 1 ? target.firstChild : null;
  if (text && only?.nodeType === Node.TEXT_NODE) only.data = text; else target.textContent = text;
}
export function setHidden(target, value) {
  if (target.hidden !== value) target.hidden = value;
}
export function setData(target, key, value) {
  const text = value == null || value === false ? undefined : String(value);
  if (target.dataset[key] === text) return;
  if (text === undefined) delete target.dataset[key]; else target.dataset[key] = text;
}

// A list of terms with what they are now. What is null, or empty, is left out.
export function drawFacts(list, facts) {
  const shown = facts.filter(([, value]) => value != null && value !== '');
  while (list.childElementCount > shown.length) list.lastElementChild.remove();
  shown.forEach(([key, value], index) => {
    if (index === list.childElementCount) list.append(element('div', {}, element('dt'), element('dd')));
    const [term, text] = list.children[index].children;
    setText(term, key);
    setText(text, value);
  });
}
