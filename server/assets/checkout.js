// The payment page. The token leaves the address before anything else happens.

const STORED = "caibo.checkout.token";
/** Milliseconds after which a call counts as lost; the server gives up on a request before that. */
const LONGEST_CALL = 20_000;
const page = document.body.dataset;
const requestId = Number(page.request);
const embedded = page.embedded === "true";
const token = takeToken();

const form = document.querySelector("form");
const alertBox = document.querySelector("#alert");
const time = document.querySelector("#time");

let paying = false;

/** Moves the token from the address to the session storage of this tab; what it answers is all this script keeps. */
function takeToken() {
  const query = new URLSearchParams(location.search);
  const taken = query.get("token");
  query.delete("token");
  try {
    if (page.state === "expired") sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, taken);
  } catch {
    // A browser that gives frames no storage: the variable is enough, until the page is left.
  }
  history.replaceState(null, "", `${location.pathname}?${query}`);
  return taken;
}

function forgetToken() {
  try {
    sessionStorage.removeItem(STORED);
  } catch {
    // There was no storage to begin with.
  }
}

/** Tells the shop's page, and no other: the origin is the one that may embed this page. */
function tell(type, members = {}) {
  if (embedded && page.target !== "" && window.parent !== window) {
    window.parent.postMessage({ type, requestId, ...members }, page.target);
  }
}

/** Goes back to the shop, where the page is not in a frame of it. */
function leave(url) {
  if (!embedded && url !== "") location.replace(url);
}

function succeeded() {
  forgetToken();
  show("paid");
  tell("payment.success", page.successUrl === "" ? {} : { successUrl: page.successUrl });
  leave(page.successUrl);
}

function failed(reason) {
  tell("payment.failure", { reason, ...(page.failureUrl === "" ? {} : { failureUrl: page.failureUrl }) });
}

function expired() {
  forgetToken();
  show("expired");
  failed("token_expired");
}

function pending() {
  show("pending");
  tell("payment.pending");
}

/** Shows one view and moves the focus to its heading, so that a screen reader says what has happened. */
function show(state) {
  page.state = state;
  for (const view of document.querySelectorAll("[data-view]")) view.hidden = view.dataset.view !== state;
  if (state !== "ready") {
    const heading = document.querySelector(`[data-view="${state}"] h2`);
    document.title = heading.textContent;
    heading.focus();
    if (time !== null && state !== "cancelled") time.hidden = true;
  }
}

function complain(text) {
  alertBox.textContent = text;
  alertBox.hidden = text === "";
}

function busy(on) {
  paying = on;
  form.setAttribute("aria-busy", String(on));
  for (const control of form.elements) control.disabled = on;
  const label = form.querySelector(".pay-label");
  if (label !== null) label.textContent = on ? "Paying…" : label.dataset.label;
}

function call(method, path, body) {
  const headers = { "X-Checkout-Token": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(`/payment-requests/${requestId}${path}`, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(LONGEST_CALL),
  });
}

async function pay() {
  const chosen = form.querySelector("input[name=method]:checked");
  if (paying || chosen === null) return;
  complain("");
  busy(true);
  try {
    await attempt(chosen);
  } catch {
    await recover();
  } finally {
    busy(false);
    if (page.state === "ready" && !alertBox.hidden) form.querySelector(".pay").focus();
  }
}

async function attempt(chosen) {
  const answer = await call("POST", "/payments", { method: chosen.dataset.method, paymentToken: chosen.value });
  if (answer.status === 401) return expired();
  if (answer.status === 409) return pending();
  if (answer.status === 429) {
    const seconds = Number(answer.headers.get("Retry-After"));
    return complain(`Too many attempts. Try again in ${seconds > 0 ? seconds : 60} seconds.`);
  }
  if (!answer.ok) throw new Error("no outcome");
  const { status } = await answer.json();
  if (status === "paid") return succeeded();
  if (status === "pending") return pending();
  if (status !== "declined") throw new Error("no outcome");
  complain("The payment was declined and nothing was charged. Choose another way to pay, or try again.");
  failed("declined");
  leave(page.failureUrl);
}

/** After a call without an answer: whether money moved is asked, not guessed. */
async function recover() {
  let status;
  try {
    const answer = await call("GET", "/status");
    // The token dies with the final state: the payment may have gone through, and the shop knows.
    if (answer.status === 401) return expired();
    ({ status } = await answer.json());
  } catch {
    status = undefined;
  }
  if (status === "pending") return pending();
  complain(
    status === "unpaid"
      ? "The payment did not go through and nothing was charged. Try again."
      : "The connection was lost. Check it, then try again.",
  );
  failed("error");
}

/** Says how long the page stays open, once a minute and aloud only near the end; then ends it. */
function keepTime(seconds) {
  const end = performance.now() + seconds * 1000;
  time.setAttribute("aria-live", "off");
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (page.state !== "ready" && page.state !== "cancelled") return;
    if (left <= 0) {
      // A payment on its way is not interrupted: its answer decides.
      if (paying) setTimeout(tick, 1000);
      else expired();
      return;
    }
    const minutes = Math.ceil(left / 60);
    if (left <= 120) time.setAttribute("aria-live", "polite");
    time.textContent = minutes === 1 ? "This page closes in a minute" : `This page closes in ${minutes} minutes`;
    setTimeout(tick, (left - (minutes - 1) * 60) * 1000);
  };
  tick();
}

function start() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void pay();
  });
  form.querySelector("[data-act=cancel]").addEventListener("click", () => {
    show("cancelled");
    tell("payment.cancel");
    leave(page.failureUrl);
  });
  document.querySelector("[data-act=resume]").addEventListener("click", () => {
    complain("");
    show("ready");
    form.querySelector("input, button").focus();
  });
  keepTime(Number(page.seconds));
  tell("payment.ready");
  if (page.state === "pending") pending();
  else show("ready");
}

if (page.state === "expired") expired();
else start();
