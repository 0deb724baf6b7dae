// How far an item is, as whoever works on it says. That is text, whatever it looks like.
import {element, setHidden, setText} from './format.js';

// "40% resizing", "–" where nothing is known. 100 only when all is done; without the rounding 0.57 would be 56.
export function progressText(progress) {
  if (!progress) return '–';
  const {fraction, message} = progress;
  const done = fraction == null ? '' : `${Math.floor(fraction * 100 + 1e-9)}%`;
  return [done, message].filter(Boolean).join(' ') || '–';
}

// In a cell: with a bar, where the fraction is known.
export function showProgress(cell, progress) {
  if (!cell.bar) {
    cell.bar = element('progress', {'aria-label': 'Done'});
    cell.words = element('span', {});
    cell.append(cell.bar, ' ', cell.words);
  }
  const known = progress?.fraction != null;
  setHidden(cell.bar, !known);
  if (known && cell.bar.value !== progress.fraction) cell.bar.value = progress.fraction;
  setText(cell.words, progressText(progress));
}
