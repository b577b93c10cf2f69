/* The call log in the browser: the filter and its way into the address, the rows by /calls/rows, what
   stands around them by /calls/figures, calls that arrive while one reads, the buttons in the grid. */
(function () {
  'use strict';

  const GRID = 'calls-grid';
  const PHONE = window.matchMedia('(max-width: 767.98px)');
  const NARROW = window.matchMedia('(max-width: 1023.98px)');
  const TYPING_MS = 300;
  const SEEN_MS = 15000;
  const log = {api: null, filter: {}, conditions: {}, anchor: 0, latest: 0, newest: 0, seen: 0, total: null, newer: 0, isStill: false};

  const $ = (id) => document.getElementById(id);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const nothing = () => window.dash_clientside.no_update;
  const say = (key, values) => window.portal.say(key, values);
  const figure = (count) => new Intl.NumberFormat(document.documentElement.lang).format(count);

  /* ------------------------------------------------------------------ filter and address */

  function query(values) {
    return new URLSearchParams(Object.entries(values).filter((pair) => pair[1])).toString();
  }

  /* The address says what is shown. It is replaced, not pushed: Dash would draw the page again. */
  function writeAddress(values) {
    const open = new URLSearchParams(location.search).get('open');
    const text = query(Object.assign({}, values, {open: open || ''})).replace('%3A', ':');
    history.replaceState(history.state, '', location.pathname + (text ? '?' + text : ''));
  }

  const ANY = 'any';
  const choice = (value) => value === ANY ? '' : value;
  let typing = null;

  function filter(first, last, phone, operator, outcome, type, card, conditions, today, before) {
    if (followMidnight(first, today, before)) return [nothing(), nothing()];
    const from = first || today;
    const to = !last || last < from ? from : last;
    if (to !== last) set('calls-last', {value: to});
    const isToday = from === today && to === today;
    // An exact result stands while nothing is pressed in the choice; a press there drops it.
    const {result: exact, ...others} = conditions;
    const isPressed = typeof outcome === 'string';
    if (exact && isPressed) dropCondition('result');
    const chosen = Object.assign({from: isToday ? '' : from, to: isToday || to === from ? '' : to,
      phone: (phone || '').trim(), operator: choice(operator), result: isPressed ? outcome : exact, type: choice(type), card: choice(card)}, others);
    const values = {};
    for (const [key, value] of Object.entries(chosen)) if (value) values[key] = value;
    const same = query(values) === query(before || {});
    const href = '/calls/export.csv?' + query(values);
    if ($('calls-next')) $('calls-next').disabled = to >= today;
    if (same) return [nothing(), href];
    // While somebody types, the rows wait for the pause between two keys.
    if ((before || {}).phone !== values.phone) {
      clearTimeout(typing);
      typing = setTimeout(() => { set('calls-filter', {data: values}); writeAddress(values); }, TYPING_MS);
      return [nothing(), href];
    }
    writeAddress(values);
    return [values, href];
  }

  /* A page that shows today goes on to the new day at midnight. */
  function followMidnight(first, today, before) {
    const turned = (window.dash_clientside.callback_context.triggered || []).some((entry) => entry.prop_id === 'calls-today.data');
    if (!turned || (before || {}).from || first === today) return false;
    for (const id of ['calls-first', 'calls-last']) set(id, {value: today});
    return true;
  }

  function shifted(day, days) {
    const moved = new Date(day + 'T12:00:00Z');
    moved.setUTCDate(moved.getUTCDate() + days);
    return moved.toISOString().slice(0, 10);
  }

  /* One period back or forth, or today; never beyond today. */
  function step(_previous, _next, _today, first, last, today) {
    const pressed = window.dash_clientside.callback_context.triggered_id;
    if (pressed === 'calls-show-today') { showPeriod(false); return [today, today]; }
    const from = first || today;
    const to = last || from;
    const days = Math.round((Date.parse(to) - Date.parse(from)) / 86400000) + 1;
    const by = pressed === 'calls-next' ? days : -days;
    if (by > 0 && shifted(to, by) > today) return [today, today];
    return [shifted(from, by), shifted(to, by)];
  }

  /* Conditions without a control of their own stand as chips, and go one by one. */
  function chips(conditions, shown) {
    log.conditions = conditions;
    return shown.filter((chip) => chip.props['data-condition'] in conditions);
  }

  function dropCondition(key) {
    log.conditions = Object.assign({}, log.conditions);
    delete log.conditions[key];
    set('calls-conditions', {data: log.conditions});
  }

  /* The focus goes on to the next chip, after the last one to the period, which is always there. */
  function pressedChip(chip) {
    const next = chip.nextElementSibling || chip.previousElementSibling;
    (next ? next.querySelector('button') : $('calls-period')).focus();
    if (chip.dataset.condition === 'result') set('calls-outcome', {value: ''});
    dropCondition(chip.dataset.condition);
  }

  function resetFilter() {
    set('calls-conditions', {data: {}});
    for (const id of ['calls-phone', 'calls-outcome']) set(id, {value: ''});
    for (const id of ['calls-operator', 'calls-type', 'calls-card']) set(id, {value: ANY});
  }

  function showPeriod(shown) {
    const choice = $('calls-period-choice');
    const button = $('calls-period');
    if (!choice || !button) return;
    choice.hidden = !shown;
    button.setAttribute('aria-expanded', String(shown));
    if (shown) choice.querySelector('input').focus();
  }

  /* ------------------------------------------------------------------ rows */

  function parameters(request, values) {
    const sort = (request.sortModel || [])[0] || {colId: 'time', sort: 'desc'};
    const asked = Object.assign({}, values, {offset: request.startRow, limit: request.endRow - request.startRow, sort: sort.colId, direction: sort.sort});
    if (log.anchor) asked.until = log.anchor;
    return query(Object.fromEntries(Object.entries(asked).map(([key, value]) => [key, String(value)])));
  }

  /* Our own source in place of the component's: that one keeps one request at a time and mixes the answers of
     two blocks, and it cannot say that a request failed. */
  const source = {
    async getRows(request) {
      let why = '';
      try {
        const response = await window.fetch('/calls/rows?' + parameters(request, log.filter));
        const body = await response.json();
        why = body.error;
        if (!response.ok) throw new Error(String(response.status));
        const total = counted(request, body);
        received(request, body, total);
        const worked = workedOn();
        request.successCallback(body.rows, total);
        follow(worked);
      } catch (error) {
        // The reason stands above the grid; the rows that are there stay.
        tellFailure(why);
        request.failCallback();
      }
    },
  };

  /* How many rows there are; -1 where counting took too long and this block is not the last one. */
  function counted(request, body) {
    if (body.total !== null) return body.total;
    const isLast = body.rows.length < request.endRow - request.startRow;
    return isLast ? request.startRow + body.rows.length : -1;
  }

  function tellFailure(why) {
    const place = $('calls-rows-failed');
    if (!place) return;
    $('calls-rows-why').textContent = why || '';
    place.hidden = !why;
    // Rows on their way that will not come are nothing to look at.
    const known = log.api.getDisplayedRowAtIndex(0);
    if (why && !(known && known.data)) document.querySelector('.hp-calls-board').classList.add('hp-none');
  }

  /* The grid counts cells by place: when calls come in above, the cell somebody works in goes down with its call. */
  function workedOn() {
    const cell = $(GRID).contains(document.activeElement) ? log.api.getFocusedCell() : null;
    const row = cell && log.api.getDisplayedRowAtIndex(cell.rowIndex);
    return row && row.id ? {id: row.id, column: cell.column} : null;
  }

  function follow(worked) {
    const row = worked && log.api.getRowNode(worked.id);
    if (row && row.rowIndex !== log.api.getFocusedCell().rowIndex) log.api.setFocusedCell(row.rowIndex, worked.column);
  }

  function received(request, body, total) {
    log.total = total;
    tellFailure('');
    log.newer = body.newer;
    if (!log.anchor) log.latest = body.latest;
    if (request.startRow === 0 && !log.anchor) {
      if (!log.newest) log.seen = body.latest;
      log.newest = Math.max(log.newest, body.latest);
      if (log.newest > log.seen) setTimeout(() => { log.seen = Math.max(log.seen, body.latest); }, SEEN_MS);
    }
    const board = document.querySelector('.hp-calls-board');
    if (board) board.classList.toggle('hp-none', total === 0);
    drawPill();
    setTimeout(drawShown, 0);
  }

  function drawPill() {
    const pill = $('calls-pill');
    if (!pill) return;
    pill.hidden = !log.newer || !log.isStill;
    pill.textContent = say('new_calls', {n: figure(log.newer)});
  }

  function drawShown() {
    const place = $('calls-shown');
    if (!place || !log.api || log.api.isDestroyed() || log.total === null) return;
    // The grid's own indexes count the rows it keeps ready beyond the edges too.
    const range = log.api.getVerticalPixelRange();
    const height = log.api.getGridOption('rowHeight');
    const first = Math.ceil(range.top / height);
    const last = Math.min(Math.floor(range.bottom / height), log.total < 0 ? Infinity : log.total) - 1;
    const text = log.total && last >= first
      ? say(log.total < 0 ? 'shown_uncounted' : 'shown', {first: figure(first + 1), last: figure(last + 1), total: figure(log.total)}) : say('none_shown');
    if (place.textContent !== text) place.textContent = text;
  }

  /* ------------------------------------------------------------------ calls that arrive while one reads */

  /* At the top new calls appear. Further down, and while somebody marks text in the rows, the view is anchored
     at the newest call it knew: rows keep their places, late edits still arrive, and the pill counts what is new. */
  function settle() {
    if (!log.api || log.api.isDestroyed()) return;
    const isStill = log.api.getVerticalPixelRange().top > 2 || isMarking();
    if (isStill !== log.isStill) {
      log.isStill = isStill;
      log.anchor = isStill ? log.latest : 0;
      if (!isStill && log.newer) refreshRows();
      drawPill();
    }
    drawShown();
  }

  function isMarking() {
    const marked = document.getSelection();
    return !marked.isCollapsed && $(GRID) !== null && $(GRID).contains(marked.anchorNode);
  }

  document.addEventListener('selectionchange', settle);

  function toTop() {
    log.anchor = 0;
    log.newer = 0;
    log.isStill = false;
    if (isMarking()) document.getSelection().removeAllRanges();
    log.api.ensureIndexVisible(0, 'top');
    refreshRows();
    drawPill();
  }

  function refreshRows() {
    if (log.api && !log.api.isDestroyed()) log.api.refreshInfiniteCache();
  }

  const around = new window.portal.Drawing('/calls/figures');

  /* The page was laid out; the filter, the day or the data changed; or somebody pressed the button. */
  function changed(values, _calls, _sources, _presses, today) {
    const causes = (window.dash_clientside.callback_context.triggered || []).map((entry) => entry.prop_id.split('.')[0]);
    if (!causes.length) around.forget();
    around.ask(query(values || {}));
    if (!causes.length) return false; // the grid asks for its first rows itself
    if (causes.includes('calls-filter')) {
      Object.assign(log, {filter: values || {}, anchor: 0, newer: 0, newest: 0, isStill: false});
      if (log.api && !log.api.isDestroyed()) {
        log.api.ensureIndexVisible(0, 'top');
        fitToPeriod(today);
        log.api.purgeInfiniteCache();
      }
    } else {
      refreshRows();
    }
    if (causes.includes('calls-refresh')) spin();
    return false;
  }

  function spin() {
    const mark = document.querySelector('#calls-refresh i');
    if (!mark) return;
    mark.classList.add('hp-spin');
    setTimeout(() => mark.classList.remove('hp-spin'), 900);
  }

  /* ------------------------------------------------------------------ grid */

  /* A grid appeared: it asks its component for rows, and from then on us. */
  function attach(request, values, today) {
    if (!request) return nothing();
    const api = window.dash_ag_grid.getApi(GRID);
    if (!api || api === log.api) return nothing();
    Object.assign(log, {api: api, filter: values || {}, total: null, anchor: 0, latest: 0, newest: 0, newer: 0, isStill: false});
    api.addEventListener('bodyScroll', (event) => { if (event.direction === 'vertical') settle(); });
    api.addEventListener('viewportChanged', drawShown);
    api.addEventListener('cellKeyDown', (event) => {
      if (event.event.key !== 'Enter') return;
      const button = event.event.target.querySelector('button');
      if (button) button.click();
    });
    if ($('calls-operators')) barsRedrawn.observe($('calls-operators'), {childList: true});
    fitToWidth();
    fitToPeriod(today);
    api.setGridOption('datasource', source);
    return nothing();
  }

  /* A period of several days shows the day beside the time, and only today grows. */
  function fitToPeriod(today) {
    const several = Boolean(log.filter.to) && log.filter.to !== log.filter.from;
    log.api.setColumnWidths([{key: 'time', newWidth: several ? 128 : 84}]);
    const note = $('calls-live-note');
    if (note) note.hidden = (log.filter.to || log.filter.from || today) < today;
  }

  /* On a phone a call is two lines in one column; on a tablet two columns give way. */
  function fitToWidth() {
    const api = log.api;
    if (!api || api.isDestroyed()) return;
    api.setColumnsVisible(['brief'], PHONE.matches);
    api.setColumnsVisible(['time', 'phone', 'operator', 'result', 'card', 'info'], !PHONE.matches);
    api.setColumnsVisible(['id', 'type'], !NARROW.matches);
    api.setGridOption('rowHeight', PHONE.matches ? 62 : 34);
    api.setGridOption('headerHeight', PHONE.matches ? 0 : 32);
    if (api.getGridOption('datasource') === source) api.purgeInfiniteCache(); // rows that are there keep their height
  }

  for (const width of [PHONE, NARROW]) width.addEventListener('change', fitToWidth);

  const element = (...parts) => React.createElement(...parts);
  const mute = (text) => element('span', {className: 'hp-mut'}, text);
  const mark = (name) => element('i', {className: 'bi bi-' + name, 'aria-hidden': 'true'});

  function resultBadge(data) {
    return element('span', {className: ('hp-b ' + data.kind).trim()}, mark(data.icon), data.result);
  }

  function openButton(kind, data, word, label) {
    return element('button', {
      type: 'button', className: 'btn btn-outline-secondary btn-sm', tabIndex: -1, 'aria-label': label,
      onClick: () => set('calls-open', {data: kind + ':' + data.id}),
    }, word);
  }

  /* The list of operators is drawn anew with each change: its rest stays open once somebody opened it. */
  let isRestOpen = false;
  const barsRedrawn = new MutationObserver(() => {
    const rest = document.querySelector('#calls-operators details');
    if (rest && isRestOpen) rest.open = true;
  });

  document.addEventListener('toggle', (event) => {
    if (event.target.closest('#calls-operators')) isRestOpen = event.target.open;
  }, true);

  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  /* A number leads to its calls. */
  const number = (data) => data.phone
    ? element('button', {
      type: 'button', className: 'hp-number', tabIndex: -1, title: say('same_number', {phone: data.phone}),
      onClick: () => set('calls-phone', {value: data.phone}),
    }, data.phone)
    : mute(say('unknown_number'));

  /* A row whose data is still on its way has the shape of one. */
  const waiting = (width) => element('span', {className: 'hp-sk hp-sk-cell', style: {width: width}});

  cells.CallPhone = ({data}) => data ? number(data) : waiting('70%');
  cells.CallOperator = ({data}) => !data ? waiting('85%') : (data.operator ? element('span', {title: data.operator}, data.operator) : mute(say('no_operator')));
  cells.CallResult = ({data}) => data ? resultBadge(data) : waiting('55%');
  cells.CallCardButton = ({data}) => data && data.card ? openButton('card', data, say('card'), say('open_card', {id: data.shown_id})) : null;
  cells.CallInfoButton = ({data}) => data && data.info ? openButton('agency', data, say('info'), say('open_info', {id: data.shown_id})) : null;

  cells.CallBrief = ({data}) => !data ? waiting('60%') : element('div', {className: 'hp-brief'},
    element('b', {className: 'hp-trunc'}, number(data)),
    element('span', {className: 'hp-brief-end'},
      data.card && openButton('card', data, mark('person-vcard'), say('open_card', {id: data.shown_id})),
      data.info && openButton('agency', data, mark('building'), say('open_info', {id: data.shown_id})),
      element('span', {className: 'hp-num hp-mut'}, data.time)),
    element('span', {className: 'hp-trunc hp-s hp-mut'}, [data.operator_short || say('no_operator'), data.type].filter(Boolean).join(' · ')),
    element('span', {className: 'hp-brief-end'}, resultBadge(data)));

  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

  functions.callIsNew = (params) => Boolean(params.data) && Number(params.data.id) > log.seen;
  functions.portalGridText = (params) => (window['portalGridLocale_' + document.documentElement.lang] || {})[params.key] || params.defaultValue;
  functions.portalGridTheme = (theme) => theme.withParams({
    backgroundColor: 'var(--hp-surface)', foregroundColor: 'var(--hp-ink)', headerBackgroundColor: 'var(--hp-surface)',
    headerTextColor: 'var(--hp-ink-3)', headerFontSize: 12, headerFontWeight: 500, borderColor: 'var(--hp-line)',
    rowHoverColor: 'var(--hp-hover)', selectedRowBackgroundColor: 'var(--hp-accent-soft)', accentColor: 'var(--hp-accent)',
    fontFamily: 'Inter, sans-serif', fontSize: 13, rowHeight: 34, headerHeight: 32, cellHorizontalPadding: 8, wrapperBorder: false,
    wrapperBorderRadius: 0, columnBorder: false, headerColumnBorder: false, headerColumnResizeHandleHeight: '40%',
    headerColumnResizeHandleColor: 'var(--hp-line)',
  });

  /* ------------------------------------------------------------------ details */

  /* A modal was opened or closed: the address names what is open. */
  function opened(isOpen, what) {
    const address = new URLSearchParams(location.search);
    if (isOpen && what) address.set('open', what); else address.delete('open');
    const text = address.toString().replace('%3A', ':');
    history.replaceState(history.state, '', location.pathname + (text ? '?' + text : ''));
    if (!isOpen && what) giveFocusBack(what);
    return isOpen ? nothing() : '';
  }

  /* The window gives the focus back to the button that opened it; meanwhile another call may stand there. */
  function giveFocusBack(what) {
    if (document.querySelector('.hp-details')) { requestAnimationFrame(() => giveFocusBack(what)); return; }
    const [kind, id] = what.split(':');
    const column = PHONE.matches ? 'brief' : kind === 'card' ? 'card' : 'info';
    const cell = document.querySelector('.ag-row[row-id="' + Number(id) + '"] [col-id="' + column + '"]');
    if (cell && !cell.contains(document.activeElement)) log.api.setFocusedCell(log.api.getRowNode(id).rowIndex, column);
  }

  document.addEventListener('click', (event) => {
    const bar = event.target.closest('[data-operator]');
    if (bar) set('calls-operator', {value: bar.getAttribute('aria-pressed') === 'true' ? ANY : bar.dataset.operator});
    if (event.target.closest('#calls-pill')) toTop();
    if (event.target.closest('#calls-reset')) resetFilter();
    if (event.target.closest('#calls-chips button')) pressedChip(event.target.closest('[data-condition]'));
    const period = event.target.closest('.hp-period-box');
    if (event.target.closest('#calls-period')) showPeriod($('calls-period').getAttribute('aria-expanded') !== 'true');
    else if (!period) showPeriod(false);
    const more = event.target.closest('#calls-more-filters');
    if (more) {
      const shown = $('calls-further').classList.toggle('hp-open');
      more.setAttribute('aria-expanded', String(shown));
    }
  });

  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') showPeriod(false); });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    calls: {filter: filter, chips: chips, step: step, attach: attach, changed: changed, opened: opened},
  });
})();
