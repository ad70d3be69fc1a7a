// One socket per page. It hears what changed and lets the page refetch it; prices arrive as values.
// Every live part also refetches itself slowly (hx-trigger "every …"), so a page works without the socket.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 20_000;
const QUIET_LIMIT = 45_000;

const frame = document.querySelector("[data-live-url]");
const state = document.getElementById("link-state");
const prices = new Map();

let wait = FIRST_WAIT;
let socket = null;
let heard = 0;
let drawing = false;
let opened = false;

function show(name, text) {
  if (!state || state.dataset.state === name) return;
  state.dataset.state = name;
  state.textContent = text;
}

function topics(event) {
  const found = ["any"];
  for (const kind of ["bot", "account"]) if (event[kind]) found.push(`${kind}:${event[kind]}`);
  if (event.type) found.push(event.type);
  return found;
}

function announce(names) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const listens = part.dataset.live.split(" ");
    if (names === null || listens.some((name) => names.includes(name))) {
      part.dispatchEvent(new CustomEvent("changed"));
    }
  }
}

function draw() {
  drawing = false;
  for (const cell of document.querySelectorAll("[data-price]")) {
    const price = prices.get(cell.dataset.price);
    if (price !== undefined && cell.textContent !== price) cell.textContent = price;
  }
}

function written(price) {
  const [whole, part] = String(price).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}

function hear(message) {
  heard = Date.now();
  if (message.type === "pong" || message.error) return;
  document.dispatchEvent(new CustomEvent("ailona:event", { detail: message }));
  if (message.symbol && message.price !== undefined) {
    prices.set(message.symbol, written(message.price));
    if (!drawing) {
      drawing = true;
      requestAnimationFrame(draw);
    }
    return;
  }
  announce(topics(message));
}

function connect() {
  const address = new URL(frame.dataset.liveUrl, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (frame.dataset.source) address.searchParams.set("source", frame.dataset.source);
  socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    heard = Date.now();
    show("live", "Live");
    // What happened while the socket was down was told to nobody.
    if (opened) announce(null);
    opened = true;
  });
  socket.addEventListener("message", (event) => {
    try {
      hear(JSON.parse(event.data));
    } catch (error) {
      console.warn("live: a message was not understood", error);
    }
  });
  socket.addEventListener("close", (event) => {
    if (event.code === 4401 || event.code === 4403) {
      show("off", "Logged out");
      return;
    }
    show("waiting", "Reconnecting");
    setTimeout(connect, wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

function check() {
  if (socket?.readyState !== WebSocket.OPEN) return;
  if (Date.now() - heard > QUIET_LIMIT) socket.close();
  else socket.send(JSON.stringify({ type: "ping" }));
}

if (frame) {
  connect();
  setInterval(check, 15_000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) check();
  });
}
