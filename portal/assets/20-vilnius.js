/* The Vilnius contact centre in the browser: the board and its running times, the register by
   /contact-center/vilnius/rows, its filter and its way into the address, the figures, what Oracle refused.

   Elements that Python draws say by themselves what a press on them asks for:
     data-look-for="digits"                       the calls of a number
     data-view, data-curator, data-theme, data-agency, data-period   a view and conditions
     data-reach="period"                          another period under the same conditions
     data-decide="retry|drop" data-call="id"      a decision about a call that Oracle refused
     data-running="ms"                            a time that runs since then */
(function () {
  'use strict';

  const PATH = '/contact-center/vilnius';
  const GRID = 'vilnius-grid';
  const PHONE = window.matchMedia('(max-width: 767.98px)');
  const NARROW = window.matchMedia('(max-width: 1199.98px)');
  const TYPING_MS = 250;
  // Some words depend on the clock alone; the day ends without an event.
  const FRESH_MS = 60000;
  // Counting all calls of many years takes the portal a while: not with every call that comes.
  const COUNTED_MS = 10000;
  const KEYS = ['q', 'curator', 'theme', 'agency', 'period', 'from', 'to'];
  const VIEWS = ['calls', 'statistics', 'entries'];
  const ANY = 'any';
  const list = {api: null, query: {}, view: 'calls', total: null, latest: 0, anchor: 0, isNewer: false, drawnAt: 0, countedAt: 0, isBehind: false};

  const $ = (id) => document.getElementById(id);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const nothing = () => window.dash_clientside.no_update;
  const say = (key, values) => window.portal.say(key, values);
  const figure = (count) => new Intl.NumberFormat(document.documentElement.lang).format(count);
  const isThere = () => list.api !== null && !list.api.isDestroyed();
  const text = (query) => new URLSearchParams(query).toString();

  /* ------------------------------------------------------------------ parts drawn by the portal */

  function draw(parts) {
    for (const [place, nodes] of Object.entries(parts)) if ($(place)) window.portalPatch.draw($(place), nodes);
    runTimes();
  }

  function showPeriod(words) {
    const label = $('vilnius-period-label');
    if (label && words) label.textContent = words;
  }

  function refuse(place, words) {
    window.portalPatch.draw($(place), [['div', {class: 'hp-banner warn', role: 'alert'},
      ['i', {class: 'bi bi-exclamation-triangle-fill', 'aria-hidden': 'true'}], ['div', {}, words]]]);
  }

  const board = new window.portal.Drawing(PATH + '/board', (body, status) => {
    if (!$('vilnius-board')) return;
    // When there is no answer now, what is there stays, marked as what was last known.
    $('vilnius-board').classList.toggle('hp-stale', status !== 200);
    if (status === 200) draw(body.parts); else window.portal.toast(body.error);
  });
  const figures = new window.portal.Drawing(PATH + '/statistics', (body, status) => {
    if (!$('vilnius-figures')) return;
    if (status === 200) { draw(body.parts); showPeriod(body.period); } else refuse('vilnius-figures', body.error);
  });
  const entries = new window.portal.Drawing(PATH + '/entries', (body, status) => {
    if (!$('vilnius-entries')) return;
    if (status === 200) draw(body.parts); else refuse('vilnius-entries', body.error);
  });

  /* The page was laid out; calls or systems changed; or time passed. */
  function changed() {
    if (!$('vilnius-board')) return nothing();
    const causes = (window.dash_clientside.callback_context.triggered || []).map((entry) => entry.prop_id);
    const isTick = causes.length > 0 && causes.every((cause) => cause === 'frame-tick.n_intervals');
    if (isTick && list.isBehind) refreshFigures();
    if (isTick && Date.now() - list.drawnAt < FRESH_MS) return nothing();
    if (!causes.length) { begin(); list.countedAt = 0; }
    list.drawnAt = Date.now();
    board.ask('');
    refreshView();
    return nothing();
  }

  /* The address says what the page shows. */
  function begin() {
    const address = new URLSearchParams(location.search);
    list.query = {};
    for (const key of KEYS) if (address.getAll(key).length === 1 && address.get(key)) list.query[key] = address.get(key);
    const view = address.get('view');
    list.view = VIEWS.includes(view) && $('vilnius-panel-' + view) ? view : 'calls';
    drawFilter();
  }

  function refreshView() {
    if (list.view === 'statistics') refreshFigures();
    else if (list.view === 'entries') entries.ask('');
    else if (isThere()) list.api.refreshInfiniteCache();
  }

  /* The same figures again; those that are too young now follow with a later tick. */
  function refreshFigures() {
    list.isBehind = list.view === 'statistics' && Date.now() - list.countedAt < COUNTED_MS;
    if (list.view === 'statistics' && !list.isBehind) count();
  }

  function count() {
    list.countedAt = Date.now();
    list.isBehind = false;
    figures.ask(text(list.query));
  }

  /* ------------------------------------------------------------------ running times */

  function runTimes() {
    // Nobody knows whether a call still goes on while the portal does not answer: its time stands still.
    const isLost = window.portal.live.lostSince !== null;
    const place = $('vilnius-board');
    if (place && place.dataset.lost !== String(isLost)) {
      place.dataset.lost = String(isLost);
      place.classList.toggle('hp-stale', isLost);
    }
    if (isLost) return;
    for (const time of document.querySelectorAll('[data-running]')) {
      const words = stopwatch(Date.now() - Number(time.dataset.running));
      if (time.textContent !== words) time.textContent = words;
    }
  }

  function stopwatch(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const two = (count) => String(count).padStart(2, '0');
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return hours ? hours + ':' + two(minutes) + ':' + two(seconds % 60) : two(minutes) + ':' + two(seconds % 60);
  }

  setInterval(() => { if ($('vilnius-board')) runTimes(); }, 1000);

  /* ------------------------------------------------------------------ filter and address */

  /* It is replaced, not pushed: Dash would draw the page again. */
  function writeAddress() {
    const shown = Object.assign({}, list.query, list.view === 'calls' ? {} : {view: list.view});
    const query = text(shown);
    history.replaceState(history.state, '', location.pathname + (query ? '?' + query : ''));
  }

  let typing = null;

  function ask(changes) {
    const query = Object.assign({}, list.query, changes);
    for (const key of Object.keys(query)) if (!query[key]) delete query[key];
    if (text(query) === text(list.query)) return;
    list.query = query;
    drawFilter();
    writeAddress();
    Object.assign(list, {anchor: 0, isNewer: false});
    if (isThere()) {
      if (list.api.getDisplayedRowCount()) list.api.ensureIndexVisible(0, 'top');
      list.api.purgeInfiniteCache();
    }
    if (list.view === 'statistics') count();
  }

  function view(name) {
    if (!$('vilnius-panel-' + name) || name === list.view) return;
    list.view = name;
    drawFilter();
    writeAddress();
    list.countedAt = 0;
    refreshView();
  }

  /* What the controls say is what is asked for, wherever it was chosen. */
  function drawFilter() {
    const query = list.query;
    for (const panel of VIEWS) {
      if ($('vilnius-panel-' + panel)) $('vilnius-panel-' + panel).hidden = panel !== list.view;
      const tab = $('vilnius-tab-' + panel);
      if (tab) tab.setAttribute('aria-pressed', String(panel === list.view));
    }
    if ($('vilnius-filter')) $('vilnius-filter').hidden = list.view === 'entries';
    if (document.activeElement !== $('vilnius-query')) set('vilnius-query', {value: query.q || ''});
    choose('vilnius-curator', query.curator);
    choose('vilnius-theme', query.theme);
    if ($('vilnius-export')) $('vilnius-export').href = PATH + '/export.csv?' + text(query);
    const isOwn = query.from || query.to;
    for (const button of document.querySelectorAll('#vilnius-days [data-reach]'))
      button.setAttribute('aria-pressed', String(!isOwn && button.dataset.reach === (query.period || 'month')));
    set('vilnius-first', {value: query.from || ''});
    set('vilnius-last', {value: query.to || ''});
    const chip = $('vilnius-agency-chip');
    if (chip) {
      chip.hidden = !query.agency;
      chip.firstElementChild.textContent = chip.dataset.words.replace('{id}', query.agency || '');
    }
  }

  /* A value that came by a link may not be among the choices yet. */
  function choose(id, value) {
    const select = $(id);
    if (!select) return;
    const wanted = value || ANY;
    if (![...select.options].some((option) => option.value === wanted)) {
      const options = [...select.options].map((option) => ({label: option.label, value: option.value}));
      set(id, {options: options.concat([{label: wanted, value: wanted}])});
    }
    set(id, {value: wanted});
  }

  function search(words) {
    clearTimeout(typing);
    ask({q: words.trim()});
  }

  document.addEventListener('input', (event) => {
    if (event.target.id !== 'vilnius-query') return;
    clearTimeout(typing);
    // Of a number somebody has only typed the plus yet.
    if (event.target.value.trim() && !/[\p{L}\p{N}]/u.test(event.target.value)) return;
    typing = setTimeout(() => search(event.target.value), TYPING_MS);
  });

  document.addEventListener('change', (event) => {
    const key = {'vilnius-curator': 'curator', 'vilnius-theme': 'theme'}[event.target.id];
    if (key) ask({[key]: event.target.value === ANY ? '' : event.target.value});
  });

  function showDays(shown) {
    const choice = $('vilnius-days');
    if (!choice || choice.hidden !== shown) return;
    choice.hidden = !shown;
    $('vilnius-period').setAttribute('aria-expanded', String(shown));
    if (shown) choice.querySelector('button').focus();
  }

  function askForDays() {
    const [first, last] = [$('vilnius-first').value, $('vilnius-last').value];
    if (!first && !last) return;
    const from = first || last;
    showDays(false);
    $('vilnius-period').focus();
    ask({period: '', from: from, to: last && last >= from ? last : from});
  }

  function reach(name) {
    showDays(false);
    ask({period: name === 'month' ? '' : name, from: '', to: ''});
  }

  /* A press on a name, a number or a bar shows its calls. */
  function lookFor(changes) {
    clearTimeout(typing);
    if (changes.q !== undefined) set('vilnius-query', {value: changes.q});
    view('calls');
    ask(changes);
    const card = $('vilnius-panel-calls');
    if (card) card.parentElement.scrollIntoView({block: 'nearest', behavior: 'smooth'});
  }

  function conditions(data) {
    const changes = {};
    for (const key of ['curator', 'theme', 'agency']) if (data[key] !== undefined) changes[key] = data[key];
    if (data.curator === '') changes.curator = 'without';
    if (data.period !== undefined) Object.assign(changes, {q: '', theme: '', agency: '', period: data.period, from: '', to: ''}, changes);
    return changes;
  }

  document.addEventListener('click', (event) => {
    if (!$('vilnius-board')) return;
    const pressed = (selector) => event.target.closest(selector);
    const button = pressed('button, a');
    if (pressed('[data-look-for]'))
      lookFor({q: pressed('[data-look-for]').dataset.lookFor, curator: '', theme: '', agency: '', period: 'all', from: '', to: ''});
    else if (pressed('[data-decide]')) decide(pressed('[data-decide]').dataset);
    else if (pressed('[data-reach]')) reach(pressed('[data-reach]').dataset.reach);
    else if (pressed('#vilnius-bar [data-view]')) view(pressed('[data-view]').dataset.view);
    else if (button && Object.keys(conditions(button.dataset)).length) lookFor(conditions(button.dataset));
    else if (pressed('#vilnius-agency-chip button')) ask({agency: ''});
    else if (pressed('#vilnius-pill')) toTop();
    if (pressed('#vilnius-show')) askForDays();
    else if (pressed('#vilnius-period')) showDays($('vilnius-days').hidden);
    else if (!pressed('.hp-period-box')) showDays(false);
  });

  document.addEventListener('keydown', (event) => {
    if (!$('vilnius-board')) return;
    if (event.key === 'Escape' && $('vilnius-days') && !$('vilnius-days').hidden) { showDays(false); $('vilnius-period').focus(); }
    if (event.key === 'Enter' && event.target.closest('#vilnius-days input')) {
      event.preventDefault(); // or the button that gets the focus would be pressed by the same key
      askForDays();
    }
    if (event.target.id !== 'vilnius-query') return;
    if (event.key === 'Enter') search(event.target.value);
    if (event.key === 'Escape' && event.target.value) { event.preventDefault(); set('vilnius-query', {value: ''}); search(''); }
    if (event.key === 'ArrowDown' && list.total && isThere()) { event.preventDefault(); list.api.setFocusedCell(0, firstColumn()); }
  });

  /* With the time: the same may be asked again. */
  function decide(data) {
    set('vilnius-entry', {data: {do: data.decide, id: Number(data.call), at: Date.now()}});
  }

  /* ------------------------------------------------------------------ rows */

  const source = {
    async getRows(request) {
      const asked = text(list.query);
      const slice = {offset: String(request.startRow), limit: String(request.endRow - request.startRow)};
      if (list.anchor) slice.until = String(list.anchor);
      try {
        const response = await window.fetch(PATH + '/rows?' + text(Object.assign({}, list.query, slice)));
        const body = await response.json();
        if (asked !== text(list.query)) { request.failCallback(); return; } // somebody typed on: these rows are of the past
        if (!response.ok) { fail(response.status, body.error); request.failCallback(); return; }
        received(request, body);
        request.successCallback(body.rows, body.total);
      } catch (error) {
        // The frame says that the portal does not answer; the rows that are there stay.
        request.failCallback();
      }
      setTimeout(drawShown, 0);
    },
  };

  function received(request, body) {
    list.total = body.total;
    if (list.anchor) list.isNewer = body.latest > list.anchor; else list.latest = body.latest;
    showPeriod(body.period);
    const said = body.nothing;
    notice(said && [['div', {class: 'hp-empty', role: 'status'}, ['i', {class: 'bi bi-search', 'aria-hidden': 'true'}],
      ['b', {}, said.title], ['span', {}, said.text],
      ...(said.button ? [['button', {type: 'button', class: 'btn btn-outline-secondary', 'data-reach': said.reach}, said.button]] : [])]]);
    drawPill();
  }

  /* What cannot be asked has no rows; when there is no answer now, those that are there stay. */
  function fail(status, words) {
    if (status !== 400 && list.total) { window.portal.toast(words); return; }
    list.total = null;
    notice([['div', {class: 'hp-banner warn', role: 'alert'},
      ['i', {class: 'bi bi-exclamation-triangle-fill', 'aria-hidden': 'true'}], ['div', {}, words]]]);
  }

  function notice(nodes) {
    const place = $('vilnius-notice');
    if (!place) return;
    window.portalPatch.draw(place, nodes || []);
    $('vilnius-register').classList.toggle('hp-none', Boolean(nodes));
  }

  function drawShown() {
    const place = $('vilnius-shown');
    if (!place || !isThere()) return;
    const range = list.api.getVerticalPixelRange();
    const height = list.api.getGridOption('rowHeight');
    const first = Math.ceil(range.top / height);
    const last = Math.min(Math.floor(range.bottom / height), list.total || 0) - 1;
    const words = list.total && last >= first
      ? say('shown', {first: figure(first + 1), last: figure(last + 1), total: figure(list.total)}) : say('none_shown');
    if (place.textContent !== words) place.textContent = words;
  }

  /* Further down rows keep their places while calls come in: the view is anchored at what it knew. */
  function settle() {
    if (!isThere()) return;
    const isStill = list.api.getVerticalPixelRange().top > 2;
    if (isStill && !list.anchor) list.anchor = list.latest;
    if (!isStill && list.anchor) toTop();
    drawShown();
  }

  function toTop() {
    const isNewer = list.isNewer;
    Object.assign(list, {anchor: 0, isNewer: false});
    if (list.api.getDisplayedRowCount()) list.api.ensureIndexVisible(0, 'top');
    if (isNewer) list.api.refreshInfiniteCache();
    drawPill();
  }

  function drawPill() {
    if ($('vilnius-pill')) $('vilnius-pill').hidden = !list.isNewer;
  }

  /* ------------------------------------------------------------------ list */

  /* A list appeared: it asks its component for rows, and from then on us. */
  function attach(request) {
    if (!request) return nothing();
    const api = window.dash_ag_grid.getApi(GRID);
    if (!api || api === list.api) return nothing();
    begin();
    Object.assign(list, {api: api, total: null, latest: 0, anchor: 0, isNewer: false});
    api.addEventListener('bodyScroll', (event) => { if (event.direction === 'vertical') settle(); });
    api.addEventListener('viewportChanged', drawShown);
    api.addEventListener('cellKeyDown', onKey);
    fitToWidth();
    api.setGridOption('datasource', source);
    return nothing();
  }

  function onKey(event) {
    const inside = event.event.key === 'Enter' && event.event.target.querySelector('button, a');
    if (inside) inside.click();
    if ((event.event.key === 'ArrowUp' && event.rowIndex === 0) || event.event.key === 'Escape') $('vilnius-query').focus();
  }

  const firstColumn = () => PHONE.matches ? 'brief' : 'began';

  /* On a phone a call is two lines in one column; on a tablet two columns give way. */
  function fitToWidth() {
    if (!isThere()) return;
    const api = list.api;
    api.setColumnsVisible(['brief'], PHONE.matches);
    api.setColumnsVisible(['began', 'lasted', 'phone', 'who', 'entry', 'card'], !PHONE.matches);
    api.setColumnsVisible(['curator', 'theme'], !NARROW.matches);
    api.setGridOption('rowHeight', PHONE.matches ? 62 : 34);
    api.setGridOption('headerHeight', PHONE.matches ? 0 : 32);
    if (api.getGridOption('datasource') === source) api.purgeInfiniteCache(); // rows that are there keep their height
  }

  for (const width of [PHONE, NARROW]) width.addEventListener('change', fitToWidth);

  const element = (...parts) => React.createElement(...parts);
  const waiting = (width) => element('span', {className: 'hp-sk hp-sk-cell', style: {width: width}});
  const mute = (words) => element('span', {className: 'hp-mut', title: words}, words);
  const number = (data) => data.number ? element('button', {
    type: 'button', className: 'hp-number', tabIndex: -1, title: say('same_number', {phone: data.phone}), 'data-look-for': data.number,
  }, data.phone) : mute(data.phone);
  const lasted = (data) => data.since ? element('span', {className: 'hp-ticking', 'data-running': String(data.since)}) : data.lasted;
  const badge = (data) => element('span', {className: ('hp-b ' + data.kind).trim()},
    element('i', {className: 'bi bi-' + data.icon, 'aria-hidden': 'true'}), data.entry);
  const who = (data) => data.who ? element('span', {title: data.who}, data.who) : mute(data.unknown);

  const cardLink = (data) => {
    const words = $('vilnius-register').dataset;
    const label = words.of.replace('{phone}', data.phone);
    return element('a', {className: 'btn btn-outline-secondary btn-sm', tabIndex: -1, href: data.card, 'aria-label': label, title: label}, words.card);
  };

  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  cells.VilniusText = ({data, value}) => data ? element('span', {title: value}, value) : waiting('60%');
  cells.VilniusLasted = ({data}) => data ? lasted(data) : waiting('60%');
  cells.VilniusPhone = ({data}) => data ? number(data) : waiting('80%');
  cells.VilniusWho = ({data}) => data ? who(data) : waiting('70%');
  cells.VilniusEntry = ({data}) => data ? badge(data) : waiting('60%');
  cells.VilniusCard = ({data}) => data && data.card ? cardLink(data) : null;
  cells.VilniusBrief = ({data}) => !data ? waiting('60%') : element('div', {className: 'hp-brief'},
    element('b', {className: 'hp-trunc'}, who(data)),
    element('span', {className: 'hp-brief-end hp-num hp-mut'}, data.began),
    element('span', {className: 'hp-trunc hp-s'}, number(data)),
    element('span', {className: 'hp-brief-end'}, badge(data)));

  window.dash_clientside = Object.assign({}, window.dash_clientside, {vilnius: {attach: attach, changed: changed}});
})();
