/* The statistics page in the browser: what is asked for and its way into the address, the parts by /statistics/parts,
   the choice of days, paper. Which query a control asks for is written on it: `data-query`, or an option's value. */
(function () {
  'use strict';

  const BOARD = 'statistics-board';
  const $ = (id) => document.getElementById(id);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const nothing = () => window.dash_clientside.no_update;
  // Looks that change no figure move no topic, but the age: once a minute it is asked for. Shortcuts follow midnight.
  const FRESH_MS = 60000;
  let answeredAt = 0;

  /* ------------------------------------------------------------------ what is shown */

  const drawing = new window.portal.Drawing('/statistics/parts', show);

  /* The page was laid out; or the query, the figures or the state of the source changed. */
  function refresh(query) {
    const causes = (window.dash_clientside.callback_context.triggered || []).map((entry) => entry.prop_id);
    const isTick = causes.length > 0 && causes.every((cause) => cause === 'frame-tick.n_intervals');
    if (isTick && (drawing.isAsking || Date.now() - answeredAt < FRESH_MS)) return nothing();
    if (causes.includes('statistics-query.data')) writeAddress(query);
    drawing.ask(new URLSearchParams(query || {}).toString());
    return nothing();
  }

  function show(body, status) {
    answeredAt = Date.now();
    // What cannot be asked has no figures; when there is no answer now, those that are there stay.
    const hasFigures = status === 200 || (status !== 400 && $('statistics-kpis').hasChildNodes());
    $(BOARD).classList.toggle('hp-refused', !hasFigures);
    $(BOARD).classList.toggle('hp-stale', status !== 200 || body.stale);
    if (status !== 200) {
      refuse(body.error);
      return;
    }
    for (const [place, nodes] of Object.entries(body.parts)) window.portalPatch.draw($(place), nodes);
    // Not as the callback's answer: Dash drops that of a question during which a tick came.
    set('statistics-months-data', {data: body.months});
  }

  function refuse(words) {
    window.portalPatch.draw($('statistics-notice'), [['div', {class: 'hp-banner warn', role: 'alert'},
      ['i', {class: 'bi bi-exclamation-triangle-fill', 'aria-hidden': 'true'}], ['div', {}, words]]]);
  }

  /* The address says what is shown. It is replaced, not pushed: Dash would draw the page again. */
  function writeAddress(query) {
    const text = new URLSearchParams(query).toString();
    history.replaceState(history.state, '', location.pathname + (text ? '?' + text : ''));
  }

  function ask(text) {
    set('statistics-query', {data: Object.fromEntries(new URLSearchParams(text))});
  }

  /* ------------------------------------------------------------------ days of one's own */

  function showDays(shown) {
    const choice = $('statistics-own-days');
    if (!choice || choice.hidden !== shown) return;
    choice.hidden = !shown;
    $('statistics-period').setAttribute('aria-expanded', String(shown));
    (shown ? $('statistics-first') : $('statistics-period')).focus();
  }

  function askForDays() {
    const [first, last] = [$('statistics-first').value, $('statistics-last').value];
    if (!first && !last) return;
    const query = new URLSearchParams($('statistics-compare').dataset.chosen);
    query.delete('period');
    query.set('from', first || last);
    query.set('to', last && last >= (first || last) ? last : first);
    showDays(false);
    ask(query);
  }

  document.addEventListener('click', (event) => {
    if (!$(BOARD)) return;
    const control = event.target.closest('button[data-query]');
    if (control) ask(control.dataset.query);
    if (event.target.closest('[data-print]')) window.print();
    if (event.target.closest('#statistics-show')) askForDays();
    else if (event.target.closest('#statistics-period')) showDays($('statistics-own-days').hidden);
    else if (!event.target.closest('.hp-period-box')) closeDays();
  });

  function closeDays() {
    const choice = $('statistics-own-days');
    if (choice && !choice.hidden) {
      choice.hidden = true;
      $('statistics-period').setAttribute('aria-expanded', 'false');
    }
  }

  document.addEventListener('change', (event) => {
    if (event.target.id === 'statistics-compare') ask(event.target.value);
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') showDays(false);
    if (event.key === 'Enter' && event.target.closest('#statistics-own-days input')) {
      event.preventDefault(); // or the button that gets the focus would be pressed by the same key
      askForDays();
    }
  });

  /* ------------------------------------------------------------------ paper */

  /* Paper is white whatever the theme, and as wide as it is. */
  const PAPER_WIDTH = 690;
  let screenTheme = null;

  function chart() {
    return document.querySelector('#statistics-months .js-plotly-plot');
  }

  window.addEventListener('beforeprint', () => {
    if (!$(BOARD)) return;
    screenTheme = document.documentElement.dataset.bsTheme;
    document.documentElement.dataset.bsTheme = 'light';
    for (const menu of document.querySelectorAll('details.hp-menu[open]')) menu.open = false;
    if (chart() && window.Plotly) window.Plotly.relayout(chart(), {autosize: false, width: PAPER_WIDTH, height: 240});
  });

  window.addEventListener('afterprint', () => {
    if (screenTheme === null) return;
    document.documentElement.dataset.bsTheme = screenTheme;
    screenTheme = null;
    if (chart() && window.Plotly) window.Plotly.relayout(chart(), {autosize: true, width: null, height: null});
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {statistics: {refresh: refresh}});
})();
