// The page is shown before its program is loaded: what draws it is fetched when the first frame is there.
const begin = () => import('./main.js');
const tellsPaints = globalThis.PerformanceObserver?.supportedEntryTypes?.includes('paint');
if (document.hidden || !tellsPaints) {
  begin();
} else {
  new PerformanceObserver((entries, observer) => {
    observer.disconnect();
    begin();
  }).observe({type: 'paint', buffered: true});
}
