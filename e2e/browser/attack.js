// What a page can do to a server that it reaches. Functions return what the page could read: the way, the status and the text.

const patience = 3000;

// make makes an element of HTML, also in a document that is something else, as answers of servers are.
function make(name, attributes) {
  return Object.assign(document.createElementNS('http://www.w3.org/1999/xhtml', name), attributes);
}

// call asks in the way that a server is meant to be asked, by a page of its own.
async function call(base, {method, path, body, headers}) {
  try {
    const response = await fetch(base + path, {method, body: body || undefined, headers, credentials: 'include', signal: AbortSignal.timeout(patience)});
    return response.type === 'opaque' ? [] : [{way: 'fetch', status: response.status, text: await beginning(response)}];
  } catch {
    return [];
  }
}

// beginning of a response, which may be one that never ends.
async function beginning(response) {
  const {value} = response.body ? await response.body.getReader().read() : {};
  return value ? new TextDecoder().decode(value) : '';
}

// attack asks in all ways that any page has.
async function attack(base, request) {
  const url = base + request.path, seen = await call(base, request);
  if (request.method === 'GET') {
    await fetch(url, {mode: 'no-cors', credentials: 'include', signal: AbortSignal.timeout(patience)}).catch(() => {});
    await Promise.all([
      element('img', {src: url}), element('script', {src: url}), element('link', {rel: 'stylesheet', href: url}),
      element('iframe', {src: url}, frame => read(frame, 'iframe', seen)),
      stream(new EventSource(url, {withCredentials: true}), 'EventSource', seen), stream(new WebSocket(url.replace(/^http/, 'ws')), 'WebSocket', seen),
    ]);
  }
  if (request.method === 'POST') {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      seen.push(...await call(base, {...request, headers: {'Content-Type': type}}));
      await fetch(url, {method: 'POST', mode: 'no-cors', body: request.body, headers: {'Content-Type': type}, credentials: 'include', signal: AbortSignal.timeout(patience)}).catch(() => {});
    }
    navigator.sendBeacon(url, request.body);
    for (const type of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
      await form(url, type, request.body || '', seen);
    }
  }
  return seen;
}

// element has the browser fetch something, and then looks at it.
function element(name, attributes, look = () => {}) {
  return new Promise(resolve => {
    const made = make(name, attributes);
    const done = () => { look(made); made.remove(); resolve(); };
    made.onload = made.onerror = done;
    setTimeout(done, patience);
    (document.body || document.documentElement).append(made);
  });
}

function read(frame, way, seen) {
  try {
    const inside = frame.contentDocument;
    if (inside && inside.URL !== 'about:blank') seen.push({way, status: 0, text: inside.documentElement.textContent});
  } catch {}
}

// stream says whether a stream opens.
function stream(source, way, seen) {
  return new Promise(resolve => {
    const done = () => { source.close(); resolve(); };
    source.onopen = () => { seen.push({way, status: 200, text: 'open'}); done(); };
    source.onerror = done;
    setTimeout(done, patience);
  });
}

// form sends a body as a form does. A body of text is an object in JSON: the name of the field goes up to its first text.
function form(url, enctype, body, seen) {
  return new Promise(resolve => {
    const at = body.indexOf(':"') + 2, name = `frame-${Math.random()}`;
    const frame = make('iframe', {name});
    const sent = make('form', {method: 'POST', action: url, enctype, target: name});
    for (const [name, value] of enctype === 'text/plain' ? [[body.slice(0, at), body.slice(at)]] : new URLSearchParams(body)) {
      sent.append(make('input', {type: 'hidden', name, value}));
    }
    const done = () => { read(frame, 'form ' + enctype, seen); frame.remove(); sent.remove(); resolve(); };
    (document.body || document.documentElement).append(frame, sent);
    sent.submit();
    frame.onload = done;
    setTimeout(done, patience);
  });
}
