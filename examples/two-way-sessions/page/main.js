// One channel made of two: an event stream down, and POSTs up to the address that its first event names.
const server = `${document.body.dataset.server}/sse`;
const find = (selector) => document.querySelector(selector);
const say = find('#say');
const borrow = find('#borrow');

let endpoint;
let nextId = 1;
find('#origin').textContent = location.origin;

const down = new EventSource(server);
down.addEventListener('endpoint', async ({ data }) => {
  endpoint = new URL(data, server);
  find('#endpoint').textContent = endpoint.href;
  await request('initialize', {
    protocolVersion: '2024-11-05',
    capabilities: {},
    clientInfo: { name: 'page', version: '1.0.0' },
  });
  await send(endpoint, { method: 'notifications/initialized' });
  show('open');
});
down.addEventListener('message', ({ data }) => log('#down', describe(JSON.parse(data))));
// A browser connects again by itself, and the stream then begins with another session.
down.addEventListener('error', () => show('connecting'));

say.addEventListener('submit', (event) => {
  event.preventDefault();
  request('tools/call', { name: 'say', arguments: { text: say.elements.text.value } });
});

borrow.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { status } = await send(new URL(borrow.elements.endpoint.value), { id: 0, method: 'ping' });
  borrow.elements.result.value = status === 404 ? '404: not a session of this page' : `${status}: accepted`;
});

function request(method, params) {
  return send(endpoint, { id: nextId++, method, params });
}

async function send(to, message) {
  const response = await fetch(to, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
  log('#up', `${message.method}: ${response.status}`);
  return response;
}

function describe({ id, method, params, result, error }) {
  if (method !== undefined) return `${method}: ${params?.data ?? ''}`;
  if (error !== undefined) return `error ${id}: ${error.message}`;
  return `result ${id}: ${result.content?.[0]?.text ?? result.serverInfo?.name ?? ''}`;
}

function show(state) {
  find('#state').textContent = state;
  say.querySelector('button').disabled = state !== 'open';
}

function log(list, text) {
  const item = document.createElement('li');
  item.textContent = text;
  find(list).append(item);
}
