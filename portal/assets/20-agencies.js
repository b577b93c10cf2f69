/* The agency directory in the browser: the search and its way into the address, the rows by /agencies/rows, the
   keys, the age of the data. */
(function () {
  'use strict';

  const GRID = 'agencies-grid';
  const PHONE = window.matchMedia('(max-width: 767.98px)');
  const NARROW = window.matchMedia('(max-width: 1199.98px)');
  const TYPING_MS = 150;
  // The source is looked at once a minute without the topic moving when nothing changed.
  const LOOK_MS = 60000;
  const list = {api: null, search: '', total: null, asOf: null, problem: null, heardAt: 0};

  const $ = (id) => document.getElementById(id);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const nothing = () => window.dash_clientside.no_update;
  const say = (key, values) => window.portal.say(key, values);
  const figure = (count) => new Intl.NumberFormat(document.documentElement.lang).format(count);
  const isThere = () => list.api !== null && !list.api.isDestroyed();

  /* ------------------------------------------------------------------ search and address */

  /* The address says what is shown. It is replaced, not pushed: Dash would draw the page again. */
  function writeAddress(changes) {
    const address = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(changes)) if (value) address.set(key, value); else address.delete(key);
    const text = address.toString();
    history.replaceState(history.state, '', location.pathname + (text ? '?' + text : ''));
  }

  let typing = null;

  function search(text) {
    if (text === list.search || !isThere()) return;
    list.search = text;
    writeAddress({q: text});
    list.api.ensureIndexVisible(0, 'top');
    list.api.purgeInfiniteCache();
  }

  function clearSearch() {
    clearTimeout(typing);
    set('agencies-query', {value: ''});
    search('');
    $('agencies-query').focus();
  }

  document.addEventListener('input', (event) => {
    if (event.target.id !== 'agencies-query') return;
    const text = event.target.value.trim();
    clearTimeout(typing);
    typing = setTimeout(() => search(text), TYPING_MS);
  });

  /* ------------------------------------------------------------------ rows */

  async function ask(search, offset, limit) {
    const query = new URLSearchParams({search: search, offset: String(offset), limit: String(limit)});
    const response = await window.fetch('/agencies/rows?' + query);
    const body = await response.json();
    if (!response.ok) throw new Error(body.error);
    list.asOf = body.as_of;
    list.problem = body.problem;
    list.heardAt = Date.now();
    return body;
  }

  const source = {
    async getRows(request) {
      const asked = list.search;
      try {
        const body = await ask(asked, request.startRow, request.endRow - request.startRow);
        if (asked !== list.search) { request.failCallback(); return; } // somebody typed on: these rows are of the past
        list.total = body.total;
        show(body.total ? '' : body.known ? 'nothing' : 'none', body.found);
        request.successCallback(body.rows, body.total);
      } catch (error) {
        // Rows that are there stay; without any the reason stands in their place.
        if (list.total === null) fail(error);
        request.failCallback();
      }
      setTimeout(drawShown, 0);
      drawAge();
    },
  };

  function fail(error) {
    const why = $('agencies-why');
    if (why) why.textContent = error instanceof TypeError || error instanceof SyntaxError ? '' : error.message;
    show('failed', '');
  }

  /* One of the notices in place of the rows, or none. */
  function show(state, found) {
    const notices = $('agencies-notice');
    if (!notices) return;
    for (const notice of notices.children) notice.hidden = notice.dataset.state !== state;
    $('agencies-board').classList.toggle('hp-none', state !== '');
    if ($('agencies-found').textContent !== found) $('agencies-found').textContent = found;
  }

  function drawShown() {
    const place = $('agencies-shown');
    if (!place || !isThere() || list.total === null) return;
    const range = list.api.getVerticalPixelRange();
    const height = list.api.getGridOption('rowHeight');
    const first = Math.ceil(range.top / height);
    const last = Math.min(Math.floor(range.bottom / height), list.total) - 1;
    const text = list.total && last >= first
      ? say('shown', {first: figure(first + 1), last: figure(last + 1), total: figure(list.total)}) : say('none_shown');
    if (place.textContent !== text) place.textContent = text;
  }

  function refresh() {
    if (isThere()) list.api.refreshInfiniteCache();
  }

  function changed() {
    refresh();
    return nothing();
  }

  /* ------------------------------------------------------------------ the age of the data */

  function drawAge() {
    const chip = $('agencies-age');
    if (!chip) return;
    const age = list.asOf === null ? '' : window.portal.duration(Date.now() - list.asOf);
    const text = list.asOf === null ? say('never')
      : list.problem ? say('as_of', {time: window.portal.clock(list.asOf, true), age: age}) : say('updated', {age: age});
    const kind = list.problem ? 'stale' : list.asOf === null ? '' : 'fresh';
    if (chip.dataset.kind !== kind) {
      chip.dataset.kind = kind;
      chip.className = ('hp-age ' + (kind === 'stale' ? 'stale' : '')).trim();
      const mark = document.createElement(kind === 'stale' ? 'i' : 'span');
      mark.className = kind === 'stale' ? 'bi bi-wifi-off' : kind === 'fresh' ? 'dot' : '';
      mark.setAttribute('aria-hidden', 'true');
      chip.replaceChildren(mark, document.createElement('span'));
      chip.title = list.problem || '';
      document.documentElement.classList.toggle('hp-source-down', kind === 'stale');
    }
    if (chip.lastElementChild.textContent !== text) chip.lastElementChild.textContent = text;
  }

  setInterval(() => {
    if (!$('agencies-age')) return;
    drawAge();
    if (document.hidden || !isThere() || Date.now() - list.heardAt < LOOK_MS) return;
    list.heardAt = Date.now();
    if (list.total === null) list.api.purgeInfiniteCache();
    else ask('', 0, 1).then(drawAge, () => {}); // the frame says that the portal does not answer
  }, 1000);

  /* ------------------------------------------------------------------ list */

  /* A list appeared: it asks its component for rows, and from then on us. */
  function attach(request) {
    if (!request) return nothing();
    const api = window.dash_ag_grid.getApi(GRID);
    if (!api || api === list.api) return nothing();
    Object.assign(list, {api: api, search: $('agencies-query').value.trim(), total: null, asOf: null, problem: null});
    api.addEventListener('bodyScroll', drawShown);
    api.addEventListener('viewportChanged', drawShown);
    api.addEventListener('cellKeyDown', onKey);
    api.addEventListener('cellClicked', (event) => {
      const pressed = event.event.target.closest('a, button');
      if (event.data && !pressed && document.getSelection().isCollapsed) open(event.data.id);
    });
    fitToWidth();
    api.setGridOption('datasource', source);
    return nothing();
  }

  function onKey(event) {
    if (event.event.key === 'Enter' && event.data) open(event.data.id);
    if (event.event.key === 'ArrowUp' && event.rowIndex === 0) $('agencies-query').focus();
    if (event.event.key === 'Escape') $('agencies-query').focus();
  }

  function firstColumn() {
    return PHONE.matches ? 'brief' : 'name';
  }

  /* On a phone an agency is two lines in one column; on a tablet two columns give way. */
  function fitToWidth() {
    if (!isThere()) return;
    const api = list.api;
    api.setColumnsVisible(['brief'], PHONE.matches);
    api.setColumnsVisible(['name', 'city', 'address', 'phone'], !PHONE.matches);
    api.setColumnsVisible(['metro', 'time'], !NARROW.matches);
    api.setGridOption('rowHeight', PHONE.matches ? 62 : 34);
    api.setGridOption('headerHeight', PHONE.matches ? 0 : 32);
    if (api.getGridOption('datasource') === source) api.purgeInfiniteCache(); // rows that are there keep their height
  }

  for (const width of [PHONE, NARROW]) width.addEventListener('change', fitToWidth);

  const element = (...parts) => React.createElement(...parts);
  const waiting = (width) => element('span', {className: 'hp-sk hp-sk-cell', style: {width: width}});
  const nameButton = (data) => element('button', {
    type: 'button', className: 'hp-agency-name', tabIndex: -1, title: [data.name, data.english].filter(Boolean).join('\n'),
    onClick: () => open(data.id),
  }, data.name);

  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  cells.AgencyName = ({data}) => data ? nameButton(data) : waiting('70%');
  cells.AgencyText = ({data, value}) => data ? element('span', {title: value}, value) : waiting('60%');
  cells.AgencyPhones = ({data}) => !data ? waiting('70%') : element(React.Fragment, null,
    data.phone, data.more && element('span', {className: 'hp-s hp-mut', title: data.others}, ' ' + data.more));
  cells.AgencyBrief = ({data}) => !data ? waiting('60%') : element('div', {className: 'hp-brief'},
    element('b', {className: 'hp-trunc'}, nameButton(data)),
    element('span', {className: 'hp-brief-end hp-s hp-mut'}, data.time),
    element('span', {className: 'hp-trunc hp-s hp-mut'}, [data.city, data.metro, data.address].filter(Boolean).join(' · ')),
    element('span', {className: 'hp-brief-end hp-s'}, data.phone));

  /* ------------------------------------------------------------------ details */

  function open(id) {
    set('agencies-open', {data: id});
  }

  /* A window was opened or closed: the address names what is open. */
  function opened(isOpen, id) {
    writeAddress({open: isOpen ? id : ''});
    if (!isOpen && id) giveFocusBack(id);
    return isOpen ? nothing() : '';
  }

  function giveFocusBack(id) {
    if (document.querySelector('.hp-details')) { requestAnimationFrame(() => giveFocusBack(id)); return; }
    if (!isThere()) return;
    const row = list.api.getRowNode(id);
    if (row && row.rowIndex !== null) list.api.setFocusedCell(row.rowIndex, firstColumn());
    else $('agencies-query').focus();
  }

  document.addEventListener('click', (event) => {
    if (event.target.closest('#agencies-clear')) clearSearch();
  });

  /* From the search the arrow leads into the list, Enter opens the best agency, Escape clears. */
  document.addEventListener('keydown', (event) => {
    if (event.target.id !== 'agencies-query' || !isThere()) return;
    if (event.key === 'Escape' && event.target.value) { event.preventDefault(); clearSearch(); }
    if (event.key === 'ArrowDown' && list.total) { event.preventDefault(); list.api.setFocusedCell(0, firstColumn()); }
    if (event.key === 'Enter') {
      const best = list.search === event.target.value.trim() && list.api.getDisplayedRowAtIndex(0);
      if (best && best.id && list.total) open(best.id);
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    agencies: {attach: attach, changed: changed, opened: opened},
  });
})();
